//! Which records of two traces stand beside each other, in a time that does not grow with the square of their number.

use std::collections::HashSet;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// So many differences are looked for in one go; where there are more, a window after the other is compared.
const MOST: usize = 2_000;

/// How many records of either side a window has.
const WINDOW: usize = 1_000;

/// The places of what is alike, in both sides and in their order; each number stands for what a record says.
pub fn align(a: &[usize], b: &[usize]) -> Vec<(usize, usize)> {
    // What only one side has is beside nothing, so nobody looks for it.
    let (a, b) = (shared(a, b), shared(b, a));
    let numbers = |side: &[(usize, usize)]| side.iter().map(|(_, number)| *number).collect::<Vec<_>>();
    let (numbers_a, numbers_b) = (numbers(&a), numbers(&b));
    let alike = if is_near(&numbers_a, &numbers_b, MOST) {
        whole(&numbers_a, &numbers_b)
    } else {
        in_windows(&numbers_a, &numbers_b, WINDOW)
    };
    let place = |side: &[(usize, usize)], at: usize| side.get(at).map(|(place, _)| *place);
    alike.into_iter().filter_map(|(at_a, at_b)| Some((place(&a, at_a)?, place(&b, at_b)?))).collect()
}

/// Places and numbers of what the other side has, too.
fn shared(side: &[usize], other: &[usize]) -> Vec<(usize, usize)> {
    let other: HashSet<usize> = other.iter().copied().collect();
    side.iter().copied().enumerate().filter(|(_, number)| other.contains(number)).collect()
}

/// With the fewest differences that there can be.
fn whole(a: &[usize], b: &[usize]) -> Vec<(usize, usize)> {
    let alike = |op: DiffOp| match op {
        DiffOp::Equal { old_index, new_index, len } => {
            (old_index..old_index + len).zip(new_index..new_index + len)
        }
        _ => (0..0).zip(0..0),
    };
    capture_diff_slices(Algorithm::Myers, a, b).into_iter().flat_map(alike).collect()
}

/// The first `window` of both sides, then what comes after the last that is alike in it, and so on.
fn in_windows(a: &[usize], b: &[usize], window: usize) -> Vec<(usize, usize)> {
    let (mut all, mut from_a, mut from_b) = (Vec::new(), 0, 0);
    loop {
        let (len_a, len_b) = (window.min(a.len() - from_a), window.min(b.len() - from_b));
        let (Some(here_a), Some(here_b)) = (a.get(from_a..from_a + len_a), b.get(from_b..from_b + len_b))
        else {
            return all;
        };
        if here_a.is_empty() || here_b.is_empty() {
            return all;
        }
        let alike = whole(here_a, here_b);
        all.extend(alike.iter().map(|(at_a, at_b)| (from_a + at_a, from_b + at_b)));
        // A window that is passed by in small steps would cost too much.
        let (next_a, next_b) = match alike.last() {
            Some((at_a, at_b)) if at_a.max(at_b) * 2 >= window => (at_a + 1, at_b + 1),
            _ => (len_a, len_b),
        };
        (from_a, from_b) = (from_a + next_a, from_b + next_b);
    }
}

/// Whether `most` differences are enough: the greedy algorithm of Myers, which knows how far it comes with how many.
fn is_near(a: &[usize], b: &[usize], most: usize) -> bool {
    let most = most.min(a.len() + b.len());
    // How far in `a` each diagonal has come; a diagonal is where `at_a + most - at_b` is the same.
    let mut reached = vec![0_usize; 2 * most + 3];
    let at = |reached: &[usize], diagonal: usize| reached.get(diagonal).copied().unwrap_or(0);
    for differences in 0..=most {
        for step in 0..=differences {
            let diagonal = most + 1 + 2 * step - differences;
            let (below, above) = (at(&reached, diagonal - 1), at(&reached, diagonal + 1));
            let is_first = step == 0 || (step != differences && below < above);
            let mut at_a = if is_first { above } else { below + 1 };
            if differences == 0 {
                at_a = 0;
            }
            let Some(mut at_b) = (at_a + most + 1).checked_sub(diagonal) else { continue };
            while at_a < a.len() && at_b < b.len() && a.get(at_a) == b.get(at_b) {
                (at_a, at_b) = (at_a + 1, at_b + 1);
            }
            if let Some(slot) = reached.get_mut(diagonal) {
                *slot = at_a;
            }
            if at_a >= a.len() && at_b >= b.len() {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Places rise on both sides, and what stands there is the same.
    fn is_alignment(a: &[usize], b: &[usize], alike: &[(usize, usize)]) -> bool {
        alike.iter().all(|&(at_a, at_b)| a[at_a] == b[at_b])
            && alike.is_sorted_by(|first, second| first.0 < second.0 && first.1 < second.1)
    }

    #[test]
    fn a_stretch_that_only_one_has_does_not_hide_what_is_alike_behind_it() {
        let a: Vec<usize> = (0..2_000).map(|n| n % 7).collect();
        let b: Vec<usize> = std::iter::repeat_n(3, 1_500).chain(a.iter().copied()).collect();
        assert_eq!(align(&a, &b).len(), 2_000);
    }

    #[test]
    fn many_records_in_another_order_are_aligned_in_windows() {
        let a: Vec<usize> = (0..4_000).collect();
        let b: Vec<usize> = a.chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
        assert!(!is_near(&a, &b, MOST));
        let alike = align(&a, &b);
        assert!(is_alignment(&a, &b, &alike));
        assert_eq!(alike.len(), 2_000);
    }

    proptest! {
        #[test]
        fn few_records_have_the_fewest_differences(
            a in prop::collection::vec(0..5_usize, 0..40),
            b in prop::collection::vec(0..5_usize, 0..40),
        ) {
            let alike = align(&a, &b);
            prop_assert!(is_alignment(&a, &b, &alike));
            prop_assert_eq!(alike.len(), whole(&a, &b).len());
            let differences = a.len() + b.len() - 2 * alike.len();
            prop_assert!(is_near(&a, &b, differences));
            prop_assert!(differences == 0 || !is_near(&a, &b, differences - 1));
        }

        #[test]
        fn windows_find_only_what_is_alike(
            a in prop::collection::vec(0..5_usize, 0..100),
            b in prop::collection::vec(0..5_usize, 0..100),
            window in 1..20_usize,
        ) {
            prop_assert!(is_alignment(&a, &b, &in_windows(&a, &b, window)));
        }
    }
}
