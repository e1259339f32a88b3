//! What a logical channel has selected (TS 102 221 §8.4).

use oxisim_apdu::Status;

use crate::{
    commands::Transfer,
    file::{FileId, FileSystem, Kind},
    memory::Handle,
    runtime::AppletId,
};

/// What a logical channel has selected: files, or an applet and the MF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    /// Current directory.
    pub directory: FileId,
    /// Current EF.
    pub ef: Option<FileId>,
    /// Current record of the current EF.
    pub record: Option<u8>,
    /// Current application.
    pub application: Option<FileId>,
    /// The applet that is selected; neither an application nor an EF is then.
    pub applet: Option<AppletId>,
    /// The object of the current EF whose blocks are going over (TS 102 221 §11.3.0): the current tag pointer.
    pub transfer: Option<Transfer>,
}

/// An application: what has an AID and can be selected by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Application {
    /// An ADF.
    Files(FileId),
    /// An applet.
    Applet(AppletId),
}

impl Channel {
    /// The state after reset: the MF is selected.
    pub const fn after_reset() -> Self {
        Self {
            directory: FileSystem::MF,
            ef: None,
            record: None,
            application: None,
            applet: None,
            transfer: None,
        }
    }

    /// The state of a channel that has selected an applet.
    pub const fn with_applet(applet: AppletId) -> Self {
        Self { applet: Some(applet), ..Self::after_reset() }
    }

    /// The application that the channel has: an applet, or else the current ADF.
    pub fn application(&self) -> Option<Application> {
        let adf = self.application.map(Application::Files);
        self.applet.map(Application::Applet).or(adf)
    }

    /// Selects a file.
    pub fn select(&mut self, files: &FileSystem, id: FileId) -> Result<(), Status> {
        let file = files.get(id).ok_or(Status::FILE_NOT_FOUND)?;
        let (directory, ef) = match file.kind {
            Kind::Directory(_) => (id, None),
            Kind::Elementary(_) => (file.parent, Some(id)),
        };
        *self = Self {
            directory,
            ef,
            record: None,
            transfer: None,
            applet: None,
            application: files.application_of(directory).or(self.application),
        };
        Ok(())
    }

    /// Forgets where the channel is in the contents `body`: the current record, and what is going over.
    pub fn forget_position(&mut self, files: &FileSystem, body: Handle) {
        if self.has(files, body) {
            (self.record, self.transfer) = (None, None);
        }
    }

    /// Whether the current EF has the contents `body`.
    fn has(&self, files: &FileSystem, body: Handle) -> bool {
        self.ef.and_then(|id| files.elementary(id)).is_some_and(|ef| ef.body == body)
    }
}

/// The logical channels of a card session (TS 102 221 §8.7): the basic one and 1 to 19.
#[derive(Clone, Debug)]
pub(crate) struct Channels {
    channels: [Option<Channel>; 20],
    /// Whether the terminal knows of channels 4 to 19 (TERMINAL CAPABILITY, §11.1.17.1).
    pub extended: bool,
}

impl Channels {
    /// The state after reset: the basic channel is open.
    pub const fn after_reset() -> Self {
        let mut channels = [None; 20];
        channels[0] = Some(Channel::after_reset());
        Self { channels, extended: false }
    }

    /// A channel that is open.
    pub fn get(&self, number: u8) -> Result<Channel, Status> {
        self.channels.get(usize::from(number)).copied().flatten().ok_or(Status::LOGICAL_CHANNEL_NOT_SUPPORTED)
    }

    /// Keeps what a command has done to its channel; nothing, if it has closed it.
    pub fn put(&mut self, number: u8, channel: Channel) {
        if let Some(Some(place)) = self.channels.get_mut(usize::from(number)) {
            *place = channel;
        }
    }

    /// Opens the first channel that is free.
    pub fn open(&mut self, channel: Channel) -> Result<u8, Status> {
        let places = if self.extended { 20 } else { 4 };
        let mut free = (0..).zip(self.channels.iter_mut().take(places)).filter(|(_, place)| place.is_none());
        let (number, place) = free.next().ok_or(Status::FUNCTION_NOT_SUPPORTED)?;
        *place = Some(channel);
        Ok(number)
    }

    /// Closes a channel; the basic one stays open.
    pub fn close(&mut self, number: u8) -> Result<(), Status> {
        match self.channels.get_mut(usize::from(number)) {
            Some(place) if number != 0 && place.is_some() => {
                *place = None;
                Ok(())
            }
            Some(_) if number != 0 => Err(Status::LOGICAL_CHANNEL_NOT_SUPPORTED),
            _ => Err(Status::INCORRECT_P1_P2),
        }
    }

    /// The channels that are open, but `number`.
    pub fn others(&self, number: u8) -> impl Iterator<Item = &Channel> {
        let channels = (0..).zip(&self.channels);
        channels.filter(move |&(other, _)| other != number).filter_map(|(_, channel)| channel.as_ref())
    }

    /// Whether a file is selected on another channel than `number`, and only one may have it (TS 102 221 §8.8).
    pub fn is_taken(&self, files: &FileSystem, number: u8, id: FileId) -> bool {
        let is_shareable = files.get(id).is_none_or(|file| file.shareable);
        let has = |channel: &Channel| channel.directory == id || channel.ef == Some(id);
        !is_shareable && self.others(number).any(has)
    }

    /// Ends what is going over between any channel and the contents `body`.
    pub fn end_transfers(&mut self, files: &FileSystem, body: Handle) {
        for channel in self.channels.iter_mut().flatten().filter(|channel| channel.has(files, body)) {
            channel.transfer = None;
        }
    }

    /// Forgets where any channel is in the contents `body`.
    pub fn forget_positions(&mut self, files: &FileSystem, body: Handle) {
        for channel in self.channels.iter_mut().flatten() {
            channel.forget_position(files, body);
        }
    }

    /// The sessions of applications: the channel of each, and what it has.
    pub fn applications(&self) -> impl Iterator<Item = (u8, FileId)> {
        let channels = (0..).zip(&self.channels);
        channels.filter_map(|(number, channel)| Some((number, channel.as_ref()?.application?)))
    }

    /// The applets that are selected, but on the channel `number`.
    pub fn applets_but(&self, number: Option<u8>) -> impl Iterator<Item = AppletId> {
        let channels = (0..).zip(&self.channels).filter(move |&(other, _)| Some(other) != number);
        channels.filter_map(|(_, channel)| channel.as_ref()?.applet)
    }

    /// Gives every channel that has selected an applet the MF.
    pub fn forget(&mut self, applet: AppletId) {
        for channel in self.channels.iter_mut().flatten().filter(|channel| channel.applet == Some(applet)) {
            *channel = Channel::after_reset();
        }
    }

    /// Whether a channel has an application.
    pub fn any_in(&self, application: FileId) -> bool {
        self.channels.iter().flatten().any(|channel| channel.application == Some(application))
    }
}
