//! Loading, installing, locking, deleting (GP Card Specification §9). Each is one transaction.

use alloc::{sync::Arc, vec, vec::Vec};

use oxisim_apdu::Status;

use super::{
    AppletId, Instance, LifeCycle, REGISTRY, Runtime, STATE, name, objects,
    record::{keep, put},
};
use crate::{
    applet::{AppletError, AppletState, InstallParameters, Package, SystemError},
    env::Context,
    file::Aid,
    memory::Handle,
};

impl Runtime<'_> {
    /// Loads a package, in the place of one with the same AID. The applets that it has already on the card are new
    /// objects, with what they had in memory.
    pub fn load(&mut self, package: Package) {
        let aid = package.aid;
        self.applets.packages.retain(|loaded| loaded.aid != aid);
        self.applets.packages.push(package);
        let ids: Vec<_> = self
            .applets
            .iter()
            .filter(|instance| instance.package == aid)
            .map(|instance| instance.id)
            .collect();
        self.renew(self.context(), &ids);
    }

    /// Makes an applet of a class. Its AID is no other applet's, no other package's and no ADF's.
    pub fn install(
        &mut self,
        package: &Aid,
        class: &Aid,
        aid: Aid,
        parameters: &InstallParameters,
    ) -> Result<(), AppletError> {
        let is_of_package = |other: &Package| other.aid == aid && other.aid != *package;
        if self.applets.find(&aid).is_some()
            || self.applets.packages.iter().any(is_of_package)
            || self.files.has_application(&aid)
        {
            return Err(AppletError::Iso(Status::CONDITIONS_NOT_SATISFIED));
        }
        self.session.registry.check(parameters).map_err(AppletError::Iso)?;
        // A TAR is one applet's (TS 102 226 §8.2.1.3.2.2).
        if parameters.tars.iter().any(|&tar| self.applets.has_tar(tar)) {
            return Err(AppletError::Iso(Status::INCORRECT_DATA));
        }
        let object = self.applets.clone_of(package, class);
        let object = object.ok_or(AppletError::Iso(Status::REFERENCED_DATA_NOT_FOUND))?;
        let octets = object.persistent_octets();
        // Before they are taken: the number is the applet's.
        if octets > self.memory.free() {
            return Err(SystemError::NoResource.into());
        }
        let store = put(self.memory, &name(&aid, STATE), &vec![0; octets])?;
        let registry = put(self.memory, &name(&aid, REGISTRY), &[])?;
        let id = self.applets.next_id();
        self.applets.instances.push(Instance {
            id,
            aid,
            package: *package,
            class: *class,
            life_cycle: LifeCycle::INSTALLED,
            parameters: Arc::new(parameters.clone()),
            object: Some(object),
            store,
            registry,
            arrays: Vec::new(),
            pins: Vec::new(),
        });
        self.applets.check_persistent(self.memory, id, 0)?;
        self.keep()?;
        let context = Context { is_installing: true, ..self.context() };
        self.run_in(context, id, |applet, env| applet.install(parameters, env))?;
        self.run(id, |applet, env| applet.start(env))
    }

    /// Lets an installed applet work.
    pub fn make_selectable(&mut self, aid: &Aid) -> Result<(), AppletError> {
        self.change(aid, |life_cycle| match life_cycle {
            LifeCycle::INSTALLED => Some(LifeCycle::SELECTABLE),
            _ => None,
        })
    }

    /// Keeps an applet from working.
    pub fn lock(&mut self, aid: &Aid) -> Result<(), AppletError> {
        self.change(aid, |life_cycle| Some(life_cycle.locked()))?;
        if let Some(locked) = self.applets.find(aid) {
            self.session.silence(locked.id);
        }
        Ok(())
    }

    /// Gives an applet the state back that it had before it was locked.
    pub fn unlock(&mut self, aid: &Aid) -> Result<(), AppletError> {
        self.change(aid, |life_cycle| {
            (life_cycle.state() == AppletState::Locked).then(|| life_cycle.unlocked())
        })
    }

    /// Deletes an applet, or a package with all its applets, and what they have in memory.
    pub fn delete(&mut self, aid: &Aid) -> Result<(), AppletError> {
        let is_package = self.applets.packages.iter().any(|package| package.aid == *aid);
        let is_it = |instance: &Instance| instance.aid == *aid || is_package && instance.package == *aid;
        let deleted: Vec<(AppletId, Aid)> = self
            .applets
            .iter()
            .filter(|instance| is_it(instance))
            .map(|instance| (instance.id, instance.aid))
            .collect();
        if deleted.is_empty() && !is_package {
            return Err(AppletError::Iso(Status::REFERENCED_DATA_NOT_FOUND));
        }
        for (_, instance) in &deleted {
            let its: Vec<Handle> =
                objects(self.memory, instance).filter_map(|(name, _)| self.memory.find(name)).collect();
            its.into_iter().try_for_each(|object| self.memory.release(object))?;
        }
        for &(id, _) in &deleted {
            // As long as its timers are known to be its own.
            self.session.silence(id);
        }
        self.applets.instances.retain(|instance| deleted.iter().all(|&(id, _)| id != instance.id));
        self.keep()
    }

    fn change(
        &mut self,
        aid: &Aid,
        change: impl FnOnce(LifeCycle) -> Option<LifeCycle>,
    ) -> Result<(), AppletError> {
        let found = self.applets.instances.iter_mut().find(|instance| instance.aid == *aid);
        let instance = found.ok_or(AppletError::Iso(Status::REFERENCED_DATA_NOT_FOUND))?;
        let changed = change(instance.life_cycle);
        instance.life_cycle = changed.ok_or(AppletError::Iso(Status::CONDITIONS_NOT_SATISFIED))?;
        self.keep()
    }

    /// Keeps the applets in memory, and the registry what it is now.
    fn keep(&mut self) -> Result<(), AppletError> {
        keep(self.memory, self.applets.iter())?;
        self.session.registry.load(self.applets, self.memory);
        Ok(())
    }

    /// Carries out a change of what is on the card, as one transaction.
    pub fn manage<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, AppletError>,
    ) -> Result<T, AppletError> {
        self.memory.begin()?;
        let timers = self.session.registry.timers;
        let result = change(self).and_then(|value| Ok(self.memory.commit().map(|()| value)?));
        if result.is_err() {
            self.memory.abort();
            // What the card itself has written makes sense.
            let reloaded = self.applets.reload(self.memory);
            debug_assert!(reloaded.is_ok(), "{:?}", reloaded.err());
            self.session.registry.take_back(self.applets, self.memory, timers);
        }
        result
    }
}

impl super::Applets {
    /// Takes a package off the card.
    pub fn unload(&mut self, aid: &Aid) {
        self.packages.retain(|package| package.aid != *aid);
    }
}
