//! The frames of the screen (TS 102 223 §6.4.35).

use alloc::{vec, vec::Vec};

use oxisim_toolkit::{
    codes::FramesProblem,
    objects::{DisplayParameters, FrameLayout, FramesInformation},
};

/// Frames side by side (TS 102 223 §8.78).
const HORIZONTAL: u8 = 0x01;
/// Frames one above another.
const VERTICAL: u8 = 0x02;

/// The whole screen.
const SCREEN: u8 = 0;

/// Height and width, in characters.
type Size = (u8, u8);

/// A part of another frame, or of the screen.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Whose part it is.
    whole: u8,
    /// Whether its neighbours are beside it, and not above and below.
    is_beside: bool,
    /// Its share of the whole, measured by those of its neighbours.
    share: u8,
}

/// How the card has divided the screen. Frames are numbered from 1, in the order in which they are made, so that a
/// part always comes after the whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames {
    frames: Vec<Frame>,
    /// The frame of what does not name one.
    default: u8,
}

impl Frames {
    /// Whether the screen is whole.
    pub(crate) const fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Looks whether something can be shown in this frame.
    pub(crate) fn check(&self, frame: u8) -> Result<(), FramesProblem> {
        match frame {
            SCREEN => Ok(()),
            _ if self.is_empty() => Err(FramesProblem::NO_FRAME_DEFINED),
            frame if self.has(frame) => Ok(()),
            _ => Err(FramesProblem::FRAME_IDENTIFIER_NOT_VALID),
        }
    }

    /// Whether there is such a layout.
    pub(crate) const fn is_layout(layout: &FrameLayout) -> bool {
        matches!(layout.layout, HORIZONTAL | VERTICAL) && !layout.sizes.is_empty()
    }

    /// The frames after `frame` has been divided: the screen anew, or a frame that is whole. Without a layout the
    /// screen becomes whole, and a frame stays as it is.
    pub(crate) fn divided(
        &self,
        frame: u8,
        layout: Option<&FrameLayout>,
        default: Option<u8>,
        screen: &DisplayParameters,
        limit: u8,
    ) -> Result<Self, FramesProblem> {
        let mut next = if frame == SCREEN { Self::default() } else { self.clone() };
        let is_divided = next.frames.iter().any(|part| part.whole == frame);
        if frame != SCREEN && (!next.has(frame) || is_divided) {
            return Err(FramesProblem::FRAME_IDENTIFIER_NOT_VALID);
        }
        if let Some(layout) = layout {
            let is_beside = layout.layout == HORIZONTAL;
            let parts = layout.sizes.iter().map(|&share| Frame { whole: frame, is_beside, share });
            next.frames.extend(parts);
        }
        if next.frames.len() > usize::from(limit) {
            return Err(FramesProblem::TOO_MANY_FRAMES);
        }
        if next.sizes(screen).iter().any(|&(height, width)| height == 0 || width == 0) {
            return Err(FramesProblem::SIZE_NOT_SUPPORTED);
        }
        next.default = match default {
            Some(default) if next.has(default) => default,
            Some(_) => return Err(FramesProblem::DEFAULT_FRAME_NOT_VALID),
            None if next.has(self.default) => self.default,
            None => u8::from(!next.is_empty()),
        };
        Ok(next)
    }

    /// As the card is told (TS 102 223 §8.79): the default frame, then height and width of each; 00 without frames.
    pub(crate) fn information(&self, screen: &DisplayParameters) -> FramesInformation {
        let mut frames = vec![self.default];
        frames.extend(self.sizes(screen).iter().flat_map(|&(height, width)| [height, width]));
        FramesInformation { frames }
    }

    fn has(&self, frame: u8) -> bool {
        (1..=self.frames.len()).contains(&usize::from(frame))
    }

    /// The size of each frame on this screen.
    fn sizes(&self, screen: &DisplayParameters) -> Vec<Size> {
        let [height, width, _] = screen.parameters;
        let mut sizes: Vec<Size> = vec![(height & 0x1F, width & 0x7F)];
        for part in &self.frames {
            let neighbours = self.frames.iter().filter(|other| other.whole == part.whole);
            let all: u16 = neighbours.map(|other| u16::from(other.share)).sum();
            let (height, width) = sizes.get(usize::from(part.whole)).copied().unwrap_or_default();
            let share = |of: u8| (u16::from(of) * u16::from(part.share)).checked_div(all).unwrap_or(0) as u8;
            sizes.push(if part.is_beside { (height, share(width)) } else { (share(height), width) });
        }
        sizes.split_off(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN_8_BY_24: DisplayParameters = DisplayParameters { parameters: [0x88, 0x18, 0x00] };

    fn layout(layout: u8, sizes: &[u8]) -> FrameLayout {
        FrameLayout { layout, sizes: sizes.to_vec() }
    }

    fn divided(frames: &Frames, frame: u8, by: &FrameLayout) -> Result<Frames, FramesProblem> {
        frames.divided(frame, Some(by), None, &SCREEN_8_BY_24, 4)
    }

    #[test]
    fn frames_have_their_shares_of_what_is_divided() {
        let halves = divided(&Frames::default(), 0, &layout(VERTICAL, &[1, 3])).unwrap();
        assert_eq!(halves.information(&SCREEN_8_BY_24).frames, [1, 2, 24, 6, 24]);
        let more = divided(&halves, 2, &layout(HORIZONTAL, &[50, 50])).unwrap();
        assert_eq!(more.information(&SCREEN_8_BY_24).frames, [1, 2, 24, 6, 24, 6, 12, 6, 12]);
        let whole = more.divided(0, None, None, &SCREEN_8_BY_24, 4).unwrap();
        assert_eq!(whole.information(&SCREEN_8_BY_24).frames, [0]);
    }

    #[test]
    fn what_cannot_be_divided_so_is_refused() {
        let none = Frames::default();
        let two = divided(&none, 0, &layout(VERTICAL, &[1, 1])).unwrap();
        let halves = layout(VERTICAL, &[1, 1]);
        let error = |result: Result<Frames, FramesProblem>| result.map(|_| ()).unwrap_err();
        assert_eq!(error(divided(&none, 1, &halves)), FramesProblem::FRAME_IDENTIFIER_NOT_VALID);
        assert_eq!(error(divided(&none, 0, &layout(VERTICAL, &[1; 5]))), FramesProblem::TOO_MANY_FRAMES);
        assert_eq!(error(divided(&none, 0, &layout(VERTICAL, &[1, 200]))), FramesProblem::SIZE_NOT_SUPPORTED);
        assert_eq!(error(divided(&none, 0, &layout(VERTICAL, &[0]))), FramesProblem::SIZE_NOT_SUPPORTED);
        let default = none.divided(0, Some(&halves), Some(3), &SCREEN_8_BY_24, 4);
        assert_eq!(error(default), FramesProblem::DEFAULT_FRAME_NOT_VALID);
        let three = divided(&two, 1, &layout(HORIZONTAL, &[1])).unwrap();
        assert_eq!(error(divided(&three, 1, &halves)), FramesProblem::FRAME_IDENTIFIER_NOT_VALID);
    }
}
