//! SET FRAMES, GET FRAMES STATUS.

use oxisim_toolkit::{
    Answer, DataObject, Facility, Proactive, Problem, Quantity,
    codes::GeneralResult,
    command::SetFrames,
    objects::{FrameIdentifier, FramesInformation},
};

use crate::{
    Event, Terminal,
    envelope::CardEvent,
    frames::Frames,
    session::{Job, Outcome},
};

impl Terminal {
    /// Whether separators are drawn, as the qualifier says, nobody sees on this phone.
    pub(super) fn set_frames(&mut self, job: &Job, command: &SetFrames) -> Outcome {
        if command.layout.as_ref().is_some_and(|layout| !Frames::is_layout(layout)) {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        }
        let divided = self.card.frames.divided(
            command.frame.identifier,
            command.layout.as_ref(),
            command.default.as_ref().map(|frame| frame.identifier),
            &self.config.environment.display,
            self.config.profile.quantity(Quantity::Frames),
        );
        match divided {
            Ok(frames) => {
                self.card.frames = frames;
                let frames = self.frames();
                self.event(Event::FramesChanged(frames.clone()));
                job.done_with(Answer { frames: Some(frames), ..Answer::default() })
            }
            Err(problem) => job.result(Problem::Frames(problem)),
        }
    }

    pub(super) fn get_frames_status(&self, job: &Job) -> Outcome {
        job.done_with(Answer { frames: Some(self.frames()), ..Answer::default() })
    }

    /// What is wrong with the frame in which something is to be shown, on a phone that has frames.
    pub(super) fn frames_problem(&self, body: &Proactive) -> Option<Problem> {
        let mut named = None;
        body.each_object(&mut |_, object| {
            if object.tag() == FrameIdentifier::TAG {
                named = object.value().first().copied();
            }
        });
        let minds =
            self.config.profile.supports(Facility::SetFrames) && !matches!(body, Proactive::SetFrames(_));
        let frame = named.filter(|_| minds)?;
        self.card.frames.check(frame).err().map(Problem::Frames)
    }

    /// The screen has another size.
    pub(crate) fn resize_frames(&mut self) {
        if !self.card.frames.is_empty() {
            self.report(CardEvent::Frames(self.frames()));
        }
    }

    /// How the card has divided the screen (TS 102 223 §8.79).
    #[must_use]
    pub fn frames(&self) -> FramesInformation {
        self.card.frames.information(&self.config.environment.display)
    }
}
