//! The applets of a card: what is loaded, what is installed, and how an applet is called.

mod manage;
mod owned;
mod record;
mod selection;

use alloc::{boxed::Box, format, string::String, sync::Arc, vec::Vec};

use oxisim_sms::packet::Tar;
use oxisim_wire::Error;

use self::record::Record;
pub(crate) use self::{
    owned::{Array, PinState},
    record::{is_owned, verify},
};
use crate::{
    applet::{Applet, AppletError, AppletInfo, AppletState, Clear, CloneApplet, InstallParameters, Package},
    env::{Context, Env, Outer},
    file::{Aid, FileSystem},
    memory::{Handle, Memory},
    toolkit::{Registrations, Session},
};

/// Names an applet for as long as it is on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AppletId(u32);

/// What is loaded and installed.
#[derive(Clone, Default)]
pub(crate) struct Applets {
    packages: Vec<Package>,
    /// In the order of their installation.
    instances: Vec<Instance>,
    /// The applet that is installed next has this one.
    next: u32,
}

/// An applet on the card.
#[derive(Clone)]
pub(crate) struct Instance {
    pub id: AppletId,
    pub aid: Aid,
    pub package: Aid,
    pub class: Aid,
    pub life_cycle: LifeCycle,
    pub parameters: Arc<InstallParameters>,
    /// The running object; nothing while it is at work, or if its class is not loaded.
    pub object: Option<Box<dyn Applet>>,
    /// Its persistent array.
    pub store: Handle,
    /// The object of its registrations.
    pub registry: Handle,
    /// Its arrays, in the order of their making.
    pub arrays: Vec<Array>,
    /// Its PINs, in the order of their making.
    pub pins: Vec<PinState>,
}

/// The life cycle state of an applet as it is coded (Card Specification §11.1.1): the state itself, and
/// whether it is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LifeCycle(pub u8);

/// The toolkit session together with what applets may touch.
pub(crate) struct Runtime<'a> {
    pub applets: &'a mut Applets,
    pub files: &'a FileSystem,
    pub memory: &'a mut Memory,
    pub session: &'a mut Session,
}

impl LifeCycle {
    pub const INSTALLED: Self = Self(0x03);
    pub const SELECTABLE: Self = Self(0x07);
    const LOCKED: u8 = 0x80;

    pub const fn state(self) -> AppletState {
        match self {
            Self(octet) if octet & Self::LOCKED != 0 => AppletState::Locked,
            Self::SELECTABLE => AppletState::Selectable,
            Self(_) => AppletState::Installed,
        }
    }

    const fn locked(self) -> Self {
        Self(self.0 | Self::LOCKED)
    }

    const fn unlocked(self) -> Self {
        Self(self.0 & !Self::LOCKED)
    }
}

impl Instance {
    /// Whether it may be called.
    pub fn is_active(&self) -> bool {
        self.life_cycle.state() == AppletState::Selectable
    }

    /// Whether it can be selected while it is not at work: it may be called, and its class is loaded.
    pub fn is_selectable(&self) -> bool {
        self.is_active() && self.object.is_some()
    }

    fn record(&self) -> Record {
        Record {
            aid: self.aid,
            package: self.package,
            class: self.class,
            life_cycle: self.life_cycle,
            parameters: Arc::clone(&self.parameters),
        }
    }
}

impl Applets {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Instance> {
        self.instances.iter()
    }

    pub fn get(&self, id: AppletId) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.id == id)
    }

    pub fn get_mut(&mut self, id: AppletId) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|instance| instance.id == id)
    }

    /// The applet with this instance AID.
    pub fn find(&self, aid: &Aid) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.aid == *aid)
    }

    /// The AIDs of the packages that are loaded.
    pub fn packages(&self) -> impl Iterator<Item = Aid> {
        self.packages.iter().map(|package| package.aid)
    }

    /// Whether packets with this TAR are for an applet.
    pub fn has_tar(&self, tar: Tar) -> bool {
        self.instances.iter().any(|instance| instance.parameters.tars.contains(&tar))
    }

    /// The applets in the order in which they are told of an event: by priority, of equals the one that was installed
    /// last first (TS 102 226 §8.2.1.3.2; TS 102 268, `CRE_TIN_PRLV`).
    pub fn order(&self) -> impl Iterator<Item = AppletId> + use<> {
        let instances = self.instances.iter().rev();
        let mut order: Vec<_> =
            instances.map(|instance| (instance.parameters.priority, instance.id)).collect();
        order.sort_by_key(|&(priority, _)| priority);
        order.into_iter().map(|(_, id)| id)
    }

    /// Makes the applets those that memory tells of. One that was there before keeps its object.
    pub fn reload(&mut self, memory: &Memory) -> Result<(), Error> {
        let mut before = core::mem::take(&mut self.instances);
        for record in record::read(memory)? {
            let known = before.iter().position(|old| old.aid == record.aid && old.class == record.class);
            let known = known.map(|at| before.swap_remove(at));
            let (id, object) = match &known {
                Some(known) => (known.id, known.object.clone()),
                None => (self.next_id(), self.clone_of(&record.package, &record.class)),
            };
            let (Some(store), Some(registry)) =
                (memory.find(&name(&record.aid, STATE)), memory.find(&name(&record.aid, REGISTRY)))
            else {
                continue;
            };
            let Record { aid, package, class, life_cycle, parameters } = record;
            let mut instance = Instance {
                id,
                aid,
                package,
                class,
                life_cycle,
                parameters,
                object,
                store,
                registry,
                arrays: owned::read_arrays(memory, &aid)?,
                pins: owned::read_pins(memory, &aid)?,
            };
            if let Some(known) = known {
                instance.keep_transient(known);
            }
            self.instances.push(instance);
        }
        Ok(())
    }

    /// What a host can see of them.
    pub fn info<'a>(&'a self, memory: &'a Memory) -> impl Iterator<Item = AppletInfo> + 'a {
        self.instances.iter().map(|instance| {
            let has = Registrations::read(memory.read(instance.registry)).unwrap_or_default();
            let object = instance.object.as_deref();
            AppletInfo {
                aid: instance.aid,
                package: instance.package,
                class: instance.class,
                name: object.map(Applet::name).unwrap_or_default(),
                state: instance.life_cycle.state(),
                parameters: (*instance.parameters).clone(),
                persistent_octets: instance.persistent_octets(memory),
                transient_octets: object.map_or(0, |object| instance.transient_octets(object)),
                menu_entries: has.menu_entries().collect(),
                timers: has.timers,
                events: has.events,
            }
        })
    }

    /// Finds the arrays and PINs again that an applet which is being installed has made: some may have been taken back.
    pub fn find_again(&mut self, memory: &Memory, id: AppletId) {
        let Some(instance) = self.get_mut(id) else { return };
        let before = instance.clone();
        instance.arrays = owned::read_arrays(memory, &instance.aid).unwrap_or_default();
        instance.pins = owned::read_pins(memory, &instance.aid).unwrap_or_default();
        instance.keep_transient(before);
    }

    /// A new object of a class, if it is loaded.
    fn clone_of(&self, package: &Aid, class: &Aid) -> Option<Box<dyn Applet>> {
        let package = self.packages.iter().find(|loaded| loaded.aid == *package)?;
        package.class(class).map(CloneApplet::clone_box)
    }

    fn next_id(&mut self) -> AppletId {
        let id = AppletId(self.next);
        self.next = self.next.wrapping_add(1);
        id
    }
}

impl Runtime<'_> {
    /// What a reset does: every applet is a new object, and finds again what it has made.
    pub fn start(&mut self) {
        self.session.registry.load(self.applets, self.memory);
        let ids: Vec<_> = self.applets.iter().map(|instance| instance.id).collect();
        self.renew(self.context(), &ids);
    }

    /// Puts new objects in the place of the running ones, and clears their transient memory. All are new before the
    /// first one starts, which may call the others.
    fn renew(&mut self, context: Context, ids: &[AppletId]) {
        for &id in ids {
            self.replace(id);
        }
        for &id in ids {
            // One that does not start stays on the card, and hears what it has registered for.
            let Ok(Called { result, quota }) = self.call(context, id, |applet, env| applet.start(env)) else {
                continue;
            };
            if quota.is_err() {
                self.replace(id);
            }
            self.note_uncaught(id, quota.and(result).as_ref().err());
        }
    }

    fn replace(&mut self, id: AppletId) {
        let Some(instance) = self.applets.get(id) else { return };
        let object = self.applets.clone_of(&instance.package, &instance.class);
        if let Some(instance) = self.applets.get_mut(id) {
            instance.object = object;
            instance.clear(Clear::OnReset);
        }
    }

    /// Calls an applet. An error aborts what it has left open, and so does its end.
    pub fn run<T>(
        &mut self,
        id: AppletId,
        call: impl FnOnce(&mut dyn Applet, &mut Env<'_>) -> Result<T, AppletError>,
    ) -> Result<T, AppletError> {
        self.run_in(self.context(), id, call)
    }

    /// The same in a context. One that has more transient memory then than it may ends with `NO_TRANSIENT_SPACE`, and
    /// is a new object.
    pub fn run_in<T>(
        &mut self,
        context: Context,
        id: AppletId,
        call: impl FnOnce(&mut dyn Applet, &mut Env<'_>) -> Result<T, AppletError>,
    ) -> Result<T, AppletError> {
        let Called { result, quota } = self.call(context, id, call)?;
        if quota.is_err() && !context.is_installing {
            self.renew(context, &[id]);
        }
        let result = quota.and(result);
        self.note_uncaught(id, result.as_ref().err());
        result
    }

    /// Keeps an error that an applet did not catch for a host that asks.
    fn note_uncaught(&mut self, id: AppletId, error: Option<&AppletError>) {
        if let (Some(error), Some(instance)) = (error, self.applets.get(id)) {
            self.session.uncaught = Some((instance.aid, *error));
        }
    }

    const fn context(&self) -> Context {
        let transaction = if self.memory.in_transaction() { Outer::Card } else { Outer::None };
        Context { transaction, depth: 0, is_installing: false }
    }

    fn call<T>(
        &mut self,
        context: Context,
        id: AppletId,
        call: impl FnOnce(&mut dyn Applet, &mut Env<'_>) -> Result<T, AppletError>,
    ) -> Result<Called<T>, AppletError> {
        let instance = self.applets.get_mut(id).ok_or(AppletError::Security)?;
        let mut object = instance.object.take().ok_or(AppletError::Security)?;
        let mut env = Env {
            applet: id,
            aid: instance.aid,
            parameters: Arc::clone(&instance.parameters),
            store: instance.store,
            registrations: instance.registry,
            files: self.files,
            context,
            savepoint: None,
            timers: self.session.registry.timers,
            is_selecting: false,
            is_selected_elsewhere: false,
            applets: self.applets,
            memory: self.memory,
            toolkit: self.session,
        };
        let result = call(&mut *object, &mut env);
        env.end();
        let instance = self.applets.get_mut(id).ok_or(AppletError::Security)?;
        let quota = instance.check_transient(instance.transient_octets(&*object));
        instance.object = Some(object);
        Ok(Called { result, quota })
    }
}

/// What came of a call.
struct Called<T> {
    result: Result<T, AppletError>,
    /// Whether the applet has no more transient memory than it may.
    quota: Result<(), AppletError>,
}

/// The persistent array of an applet, among its objects.
pub(crate) const STATE: &str = "state";
/// Its registrations.
const REGISTRY: &str = "registry";

/// The name of an object of an applet in memory.
pub(crate) fn name(aid: &Aid, object: &str) -> String {
    format!("applet/{aid:?}/{object}")
}

/// The objects of an applet.
fn objects<'a>(memory: &'a Memory, aid: &Aid) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
    let prefix = name(aid, "");
    memory.objects().filter(move |(name, _)| name.starts_with(&prefix))
}
