//! The answer to an ENVELOPE (TS 102 241, `EnvelopeResponseHandler`).

use oxisim_apdu::{Response, Status};

use crate::applet::ToolkitError;

/// What applets say in answer to the ENVELOPE that is handled. There is one answer: the first applet that posts one gives
/// it. There is none once a proactive command has been sent, which is what the card answers with then.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    is_open: bool,
    response: Response,
}

impl Default for Reply {
    fn default() -> Self {
        Self { is_open: false, response: Status::NORMAL.into() }
    }
}

impl Reply {
    /// An ENVELOPE that has an answer is about to be handled.
    pub fn open(&mut self) {
        *self = Self { is_open: true, ..Self::default() };
    }

    /// There is no answer any more but the one that was posted.
    pub const fn close(&mut self) {
        self.is_open = false;
    }

    pub fn post(&mut self, response: Response) -> Result<(), ToolkitError> {
        if !self.is_open {
            return Err(ToolkitError::HandlerNotAvailable);
        }
        *self = Self { is_open: false, response };
        Ok(())
    }

    /// What was posted.
    pub fn take(&mut self) -> Response {
        core::mem::take(self).response
    }
}
