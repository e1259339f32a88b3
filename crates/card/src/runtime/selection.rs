//! Applets as logical channels select them (Java Card Runtime Environment Specification §3, §4).

use oxisim_apdu::{Command, Response, Status};

use super::{AppletId, Applets, Instance, Runtime};
use crate::{
    applet::{Applet, AppletError, Clear},
    env::Env,
};

impl Applets {
    /// The applets that can be selected whose AID starts with `prefix`, in the order of their installation.
    pub fn selectable(&self, prefix: &[u8]) -> impl Iterator<Item = &Instance> {
        self.iter()
            .filter(move |instance| instance.aid.as_bytes().starts_with(prefix) && instance.is_selectable())
    }

    /// Whether an applet can be selected while other channels have `others`: all of its package that are selected
    /// must be multiselectable then (§4.2).
    pub fn is_shareable_with(&self, id: AppletId, others: &[AppletId]) -> bool {
        let is_multi_selectable =
            |instance: &Instance| instance.object.as_deref().is_some_and(Applet::is_multi_selectable);
        let Some(applet) = self.get(id) else { return false };
        let mut beside = self.beside(applet, others).peekable();
        beside.peek().is_none() || is_multi_selectable(applet) && beside.all(is_multi_selectable)
    }

    /// Those of `others` that are in the package of an applet.
    fn beside(&self, applet: &Instance, others: &[AppletId]) -> impl Iterator<Item = &Instance> {
        self.iter().filter(move |other| other.package == applet.package && others.contains(&other.id))
    }
}

impl Runtime<'_> {
    /// Asks an applet whether it lets itself be selected; `is_elsewhere` if another channel has it.
    pub fn select(&mut self, id: AppletId, is_elsewhere: bool) -> bool {
        let select = |applet: &mut dyn Applet, env: &mut Env<'_>| {
            env.is_selected_elsewhere = is_elsewhere;
            Ok(applet.select(env))
        };
        self.run(id, select).unwrap_or(false)
    }

    /// Tells an applet that it is no longer selected, which it cannot help (§4.6); `is_elsewhere` if another channel still
    /// has it.
    pub fn deselect(&mut self, id: AppletId, is_elsewhere: bool) {
        let _ = self.run(id, |applet, env| {
            env.is_selected_elsewhere = is_elsewhere;
            applet.deselect(env);
            Ok(())
        });
    }

    /// Clears the `CLEAR_ON_DESELECT` memory of the package of an applet that was selected, unless one of it is among
    /// those that still are (§4.6, §5.2).
    pub fn clear_on_deselect(&mut self, id: AppletId, selected: &[AppletId]) {
        let Some(applet) = self.applets.get(id) else { return };
        if self.applets.beside(applet, selected).next().is_some() {
            return;
        }
        let package = applet.package;
        for instance in self.applets.instances.iter_mut().filter(|instance| instance.package == package) {
            instance.clear(Clear::OnDeselect);
        }
    }

    /// Lets an applet answer a command; `is_selecting` if it is the SELECT of the applet itself. What is no
    /// `ISOException` ends with `6F00` (§3.3).
    pub fn process(
        &mut self,
        id: AppletId,
        command: &Command<'_>,
        is_selecting: bool,
    ) -> Result<Response, Status> {
        let answer = self.run(id, |applet, env| {
            env.is_selecting = is_selecting;
            applet.process(command, env).map_err(AppletError::Iso)
        });
        Ok(answer?)
    }
}
