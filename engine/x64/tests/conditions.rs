//! What conditions say of two compared integers, against what the flags say.

use wasmtier_x64::Cond;

/// Whether `cond` holds after `cmp a, b`.
fn holds(cond: Cond, a: i8, b: i8) -> bool {
    let (ua, ub) = (a.cast_unsigned(), b.cast_unsigned());
    let (difference, overflow) = a.overflowing_sub(b);
    let odd = difference.count_ones() % 2 == 1;
    match cond {
        Cond::O => overflow,
        Cond::No => !overflow,
        Cond::B => ua < ub,
        Cond::Ae => ua >= ub,
        Cond::E => a == b,
        Cond::Ne => a != b,
        Cond::Be => ua <= ub,
        Cond::A => ua > ub,
        Cond::S => difference < 0,
        Cond::Ns => difference >= 0,
        Cond::P => !odd,
        Cond::Np => odd,
        Cond::L => a < b,
        Cond::Ge => a >= b,
        Cond::Le => a <= b,
        Cond::G => a > b,
    }
}

#[test]
fn negated_and_swapped_conditions_say_what_they_must() {
    for cond in Cond::ALL {
        assert_eq!(cond.negated().negated(), cond);
        for (a, b) in (i8::MIN..=i8::MAX).flat_map(|a| (i8::MIN..=i8::MAX).map(move |b| (a, b))) {
            assert_ne!(holds(cond, a, b), holds(cond.negated(), a, b), "{cond:?} of {a} and {b}");
            if let Some(swapped) = cond.swapped() {
                assert_eq!(holds(cond, a, b), holds(swapped, b, a), "{cond:?} of {a} and {b}");
            }
        }
    }
}
