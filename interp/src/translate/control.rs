//! Blocks and labels.
//!
//! Values that cross a label are in temps: the operands a label expects lie at the height of its
//! block. A branch whose operands are elsewhere moves them first; a conditional one does so on its
//! own path. A block nobody branches to leaves its operands symbolic.

use wasmparser::BlockType;
use wasmtier_vm::{FuncType, TypeIdx, ValType};

use super::operand::Operand;
use super::{Translator, Visit, pins, val_type};
use crate::cell::WORD;
use crate::code::TranslateError;

/// Twice what the largest valid body comes to when its branches move few operands. A branch
/// reaches it all.
const MAX_CODE_WORDS: usize = 32 << 20;

/// A place in the code that branches go to.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Label {
    pub(super) at: Option<u32>,
    pub(super) used: bool,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct LabelIdx(pub(super) u32);

/// A branch whose target word is filled in by the link pass.
#[derive(Copy, Clone, Debug)]
pub(super) struct Fixup {
    /// The cell the target is relative to.
    pub(super) cell: u32,
    /// The word to fill in.
    pub(super) word: u32,
    pub(super) label: LabelIdx,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum ControlKind {
    /// The function body: branches to it return.
    Function,
    Block,
    Loop,
    /// An `if`; the label of its `else` part.
    If(LabelIdx),
    Else,
}

/// The parameters and results of a block.
#[derive(Copy, Clone, Debug)]
pub(super) enum Signature {
    Empty,
    Result(ValType),
    Type(TypeIdx),
}

/// An open block.
#[derive(Copy, Clone, Debug)]
pub(super) struct Control {
    pub(super) kind: ControlKind,
    /// Where branches to the block go.
    pub(super) label: LabelIdx,
    pub(super) signature: Signature,
    /// How many operands lie below the block's parameters, and their height in slots.
    pub(super) base: usize,
    pub(super) height: u32,
    /// The jump table (by its position) that last needed a stub to this block, and the stub.
    pub(super) stub: (u32, LabelIdx),
}

/// No jump table is at position 0: the header is.
const NO_STUB: (u32, LabelIdx) = (0, LabelIdx(0));

/// The types of a signature.
pub(super) struct Types<'m> {
    func: Option<&'m FuncType>,
    single: [ValType; 1],
    has_single: bool,
}

impl Types<'_> {
    pub(super) fn params(&self) -> &[ValType] {
        self.func.map_or(&[], FuncType::params)
    }

    pub(super) fn results(&self) -> &[ValType] {
        match self.func {
            Some(func) => func.results(),
            None if self.has_single => &self.single,
            None => &[],
        }
    }
}

impl<'m> Translator<'m> {
    pub(super) fn open_function(&mut self) {
        let label = self.new_label();
        let signature = Signature::Type(self.module.funcs[self.func.index()]);
        self.controls.push(Control {
            kind: ControlKind::Function,
            label,
            signature,
            base: 0,
            height: 0,
            stub: NO_STUB,
        });
    }

    fn signature(&self, ty: BlockType) -> Result<Signature, TranslateError> {
        Ok(match ty {
            BlockType::Empty => Signature::Empty,
            BlockType::Type(ty) => Signature::Result(
                val_type(ty).ok_or(TranslateError::Unsupported { proposal: "gc" })?,
            ),
            BlockType::FuncType(ty) => Signature::Type(TypeIdx(ty)),
        })
    }

    pub(super) fn types(&self, signature: Signature) -> Types<'m> {
        let (func, single) = match signature {
            Signature::Empty => (None, None),
            Signature::Result(ty) => (None, Some(ty)),
            Signature::Type(ty) => (Some(&self.module.types[ty.index()]), None),
        };
        Types { func, single: [single.unwrap_or(ValType::I32)], has_single: single.is_some() }
    }

    pub(super) fn new_label(&mut self) -> LabelIdx {
        self.labels.push(Label::default());
        LabelIdx(self.labels.len() as u32 - 1)
    }

    /// Binds a label to the end of the code, if anything branches to it.
    pub(super) fn bind(&mut self, label: LabelIdx) -> bool {
        let at = self.emitter.position();
        let label = &mut self.labels[label.0 as usize];
        label.at = Some(at);
        if label.used {
            self.emitter.forget();
        }
        label.used
    }

    fn push_control(&mut self, kind: ControlKind, label: LabelIdx, signature: Signature) {
        let types = self.types(signature);
        let base = self.operands.len() - types.params().len();
        let param_slots: u32 = types.params().iter().map(|ty| ty.slots()).sum();
        let height = self.operands.height - param_slots;
        self.controls.push(Control { kind, label, signature, base, height, stub: NO_STUB });
    }

    pub(super) fn block(&mut self, ty: BlockType) -> Visit {
        let signature = self.signature(ty)?;
        self.settle_all();
        let label = self.new_label();
        self.push_control(ControlKind::Block, label, signature);
        Ok(())
    }

    pub(super) fn loop_(&mut self, ty: BlockType) -> Visit {
        let signature = self.signature(ty)?;
        self.settle_all();
        let label = self.new_label();
        self.push_control(ControlKind::Loop, label, signature);
        self.emitter.note_loop();
        self.labels[label.0 as usize] = Label { at: Some(self.emitter.position()), used: true };
        self.emitter.forget();
        self.loop_depth += 1;
        self.use_weight = pins::weight(self.loop_depth);
        Ok(())
    }

    pub(super) fn if_(&mut self, ty: BlockType) -> Visit {
        let signature = self.signature(ty)?;
        let condition = self.operands.pop();
        // Copies below would hide the cell that computed the condition: look at it first, and only
        // then settle, when there is anything to settle.
        let condition = if self.operands.are_stored() {
            condition
        } else {
            let condition = self.hold_condition(&condition);
            self.settle_all();
            condition
        };
        let condition = self.condition(&condition);
        self.emitter.keep_writes();
        let (label, otherwise) = (self.new_label(), self.new_label());
        self.jump_if(condition.not(), otherwise);
        self.push_control(ControlKind::If(otherwise), label, signature);
        Ok(())
    }

    /// Makes sure that a popped condition survives cells emitted before it is used.
    pub(super) fn hold_condition(&mut self, condition: &Operand) -> Operand {
        if condition.local().is_none() {
            return *condition;
        }
        // Its temp is free: the operand was popped.
        let temp = self.temp(condition.height(), condition.file());
        self.emit_move(temp, condition);
        condition.settled(temp)
    }

    pub(super) fn else_(&mut self) -> Visit {
        let control = *self.controls.last().expect("`else` is inside an `if`");
        let ControlKind::If(otherwise) = control.kind else {
            return Err(TranslateError::Malformed("`else` outside an `if`".into()).into());
        };
        let types = self.types(control.signature);
        if self.reachable {
            self.settle_top(types.results().len());
            self.jump(control.label);
        }
        self.operands.truncate(control.base);
        self.push_temps(types.params())?;
        self.bind(otherwise);
        self.emitter.forget();
        self.reachable = true;
        self.controls.last_mut().expect("as above").kind = ControlKind::Else;
        Ok(())
    }

    pub(super) fn end(&mut self) -> Visit {
        let control = self.controls.pop().expect("every `end` closes a block");
        let types = self.types(control.signature);
        match control.kind {
            ControlKind::Function => {
                if self.reachable {
                    self.consume_result();
                    self.return_values();
                }
                if self.labels[control.label.0 as usize].used {
                    self.return_stub(&control)?;
                }
                self.operands.truncate(0);
                self.reachable = false;
                return Ok(());
            }
            ControlKind::Loop => {
                // Branches to a loop go to its start: its end is reached by falling through alone.
                self.loop_depth -= 1;
                self.use_weight = pins::weight(self.loop_depth);
                if !self.reachable {
                    self.operands.truncate(control.base);
                    return self.push_temps(types.results());
                }
                return Ok(());
            }
            ControlKind::Block | ControlKind::If(_) | ControlKind::Else => {}
        }
        let splits = matches!(control.kind, ControlKind::If(_));
        if !splits && !self.labels[control.label.0 as usize].used {
            if !self.reachable {
                self.operands.truncate(control.base);
                return self.push_temps(types.results());
            }
            return Ok(());
        }
        if self.reachable {
            self.settle_top(types.results().len());
        }
        if let ControlKind::If(otherwise) = control.kind {
            // Without `else`, the parameters are the results, and in their temps.
            self.bind(otherwise);
        }
        self.bind(control.label);
        self.emitter.forget();
        self.operands.truncate(control.base);
        self.reachable = true;
        self.push_temps(types.results())
    }

    /// Fails when the code is longer than any function needs: a branch that moves many operands on
    /// its way is a thousand times as long as its operator.
    pub(super) fn check_length(&self) -> Visit {
        if self.emitter.code.len() > MAX_CODE_WORDS {
            return Err(TranslateError::TooLong { limit: MAX_CODE_WORDS as u32 * WORD }.into());
        }
        Ok(())
    }

    /// Fills in the targets of branches.
    pub(super) fn link(&mut self) -> Visit {
        self.check_length()?;
        for fixup in &self.fixups {
            let label = self.labels[fixup.label.0 as usize];
            let at = label.at.expect("every label is bound by the end of its block");
            let distance = (i64::from(at) - i64::from(fixup.cell)) * i64::from(WORD);
            self.emitter.code[fixup.word as usize] = distance as i32 as u32;
        }
        Ok(())
    }
}
