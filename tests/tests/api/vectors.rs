//! Vectors between host and wasm: typed functions, globals, linking.

use wasmtier::{
    Caller, Engine, ExternType, Func, Global, GlobalType, Instance, Linker, Store, V128, Val,
    ValType,
};

use crate::{instance, module};

const A: u128 = 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100;
const B: u128 = 0xffee_ddcc_bbaa_9988_7766_5544_3322_1100;

#[test]
fn lanes_of_the_host_are_lanes_of_wasm() {
    let (mut store, instance) = instance(
        r#"(module (func (export "lanes") (param v128) (result i32 i32 i64)
            (i8x16.extract_lane_u 0 (local.get 0))
            (i8x16.extract_lane_u 15 (local.get 0))
            (i64x2.extract_lane 1 (local.get 0))))"#,
    );
    let lanes = instance.get_typed_func::<V128, (u32, u32, u64)>(&mut store, "lanes").unwrap();
    let found = lanes.call(&mut store, B.into()).unwrap();
    assert_eq!(found, (0x00, 0xff, 0xffee_ddcc_bbaa_9988));
}

#[test]
fn typed_functions_of_wasm_and_the_host() {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    let define = |caller: Caller<'_, u32>, a: i64, v: V128, b: f32, w: V128| {
        let both = v.as_u128() ^ w.as_u128() ^ u128::from(*caller.data());
        (V128::from(both), b, v, a)
    };
    linker.func_wrap("host", "mix", define).unwrap();
    let module = module(
        &engine,
        r#"(module
            (import "host" "mix"
                (func $mix (param i64 v128 f32 v128) (result v128 f32 v128 i64)))
            (func (export "mix") (param f32 v128 v128) (result v128 f32 v128 i64)
                (call $mix (i64.const -9) (local.get 1) (local.get 0)
                    (i8x16.add (local.get 2) (local.get 2)))))"#,
    );
    let mut store = Store::new(&engine, 1 << 31);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    type Mixed = (V128, f32, V128, i64);
    let mix = instance.get_typed_func::<(f32, V128, V128), Mixed>(&mut store, "mix").unwrap();
    let found = mix.call(&mut store, (0.5, A.into(), (B & !0xff).into())).unwrap();
    let doubled = u128::from_le_bytes(B.to_le_bytes().map(|byte| byte.wrapping_mul(2)));
    assert_eq!(found, ((A ^ doubled ^ (1 << 31)).into(), 0.5, A.into(), -9));
    let error = instance.get_typed_func::<(f32, V128), ()>(&mut store, "mix").unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "wrong type for `mix`: type mismatch with parameters: the function has (f32, v128, v128), \
         the Rust types say (f32, v128)"
    );
}

#[test]
fn globals_are_imported_and_initialise_others() {
    let mut store = Store::new(&Engine::default(), ());
    let ty = |mutable| GlobalType { content: ValType::V128, mutable };
    let constant = Global::new(&mut store, ty(false), Val::from(A)).unwrap();
    let variable = Global::new(&mut store, ty(true), Val::from(B)).unwrap();
    let module = module(
        store.engine(),
        r#"(module
            (import "" "constant" (global $constant v128))
            (import "" "variable" (global $variable (mut v128)))
            (global $before i32 (i32.const 1))
            (global $copy (export "copy") v128 (global.get $constant))
            (global $own (export "own") (mut v128) (v128.const i64x2 3 4))
            (global $behind (export "behind") i64 (i64.const 5))
            (func (export "rotate")
                (global.get $variable)
                (global.set $variable (global.get $own))
                (global.set $own)))"#,
    );
    let instance = Instance::new(&mut store, &module, &[constant.into(), variable.into()]).unwrap();
    let global = |store: &mut Store<()>, name| instance.get_global(store, name).unwrap();
    let (copy, own) = (global(&mut store, "copy"), global(&mut store, "own"));
    assert_eq!(copy.get(&mut store).unwrap_v128().as_u128(), A);
    assert_eq!(own.get(&mut store).unwrap_v128().as_u128(), 4 << 64 | 3);
    let rotate = instance.get_typed_func::<(), ()>(&mut store, "rotate").unwrap();
    rotate.call(&mut store, ()).unwrap();
    assert_eq!(own.get(&mut store).unwrap_v128().as_u128(), B);
    assert_eq!(variable.get(&mut store).unwrap_v128().as_u128(), 4 << 64 | 3);
    own.set(&mut store, Val::from(A)).unwrap();
    rotate.call(&mut store, ()).unwrap();
    assert_eq!(variable.get(&mut store).unwrap_v128().as_u128(), A);
    // The neighbours in the instance's storage are untouched.
    assert_eq!(global(&mut store, "behind").get(&mut store).i64(), Some(5));
    assert!(constant.set(&mut store, Val::from(B)).is_err());
    assert!(own.set(&mut store, Val::I64(1)).is_err());
}

#[test]
fn linking_compares_types() {
    let mut store = Store::new(&Engine::default(), ());
    let global = GlobalType { content: ValType::V128, mutable: true };
    let global = Global::new(&mut store, global, Val::from(A)).unwrap();
    let func = Func::wrap(&mut store, |v: V128| v);
    let mut linker = Linker::new(store.engine());
    linker.define(&store, "m", "g", global).unwrap().define(&store, "m", "f", func).unwrap();
    for (import, message) in [
        (r#"(global (import "m" "g") v128)"#, "expected global v128, found global mut v128"),
        (
            r#"(global (import "m" "g") (mut i64))"#,
            "expected global mut i64, found global mut v128",
        ),
        (
            r#"(func (import "m" "f") (param i64 i64) (result v128))"#,
            "expected func (i64, i64) -> v128, found func (v128) -> v128",
        ),
    ] {
        let module = module(store.engine(), &format!("(module {import})"));
        let error = linker.instantiate(&mut store, &module).unwrap_err().to_string();
        assert!(error.ends_with(message), "{error}");
    }
    let ty = ExternType::Func(func.ty(&store));
    assert_eq!(ty.to_string(), "func (v128) -> v128");
}

#[test]
fn values_name_themselves() {
    let value = Val::from(A);
    assert_eq!((value.ty(), value.v128(), value.i64()), (ValType::V128, Some(A.into()), None));
    assert_eq!(u128::from(value.unwrap_v128()), A);
    assert_eq!(Val::default_for_ty(ValType::V128).unwrap_v128(), V128::default());
    let text = crate::panic_text(|| value.unwrap_i64());
    assert_eq!(text, "expected an i64, found v128");
}
