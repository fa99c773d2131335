//! Shifts by a constant, against the rows of shifts by any count.

use wasmtier_ops::{SimdOp, SimdShape};
use wasmtier_x64::Xmm;
use wasmtier_x64::lower::shift_by;

use super::emitted::{feature_sets, ignore_scratch, machine};
use super::tuples::tuples;
use crate::machine::State;

#[test]
fn by_a_count_that_is_known() {
    let tuples = tuples();
    let shifts = SimdOp::ALL.iter().filter(|op| op.shape() == SimdShape::Shift);
    for &op in shifts {
        for (cpu, count) in feature_sets()
            .into_iter()
            .flat_map(|cpu| (0..=64).chain([65, 127, 128, u32::MAX]).map(move |count| (cpu, count)))
        {
            for (dst, a) in [(3, 3), (3, 8), (12, 0)].map(|(dst, a)| (Xmm::new(dst), Xmm::new(a))) {
                let code = machine(cpu, |l| shift_by(l, op, dst, a, count));
                for [value, ..] in tuples.iter().step_by(11) {
                    let mut actual = State::default();
                    actual.xmm[usize::from(a.number())] = *value;
                    let mut expected = actual.clone();
                    let result = op.eval(&[*value, count.into()], [0; 16]);
                    expected.xmm[usize::from(dst.number())] = result;
                    code.run(&mut actual);
                    ignore_scratch(&mut expected, &actual);
                    assert_eq!(actual, expected, "{cpu:?} {op:?} {count} {dst:?} {a:?}");
                }
            }
        }
    }
}
