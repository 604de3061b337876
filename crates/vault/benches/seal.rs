//! Seals and opens one token of usual length: `cargo bench -p metaads-vault`.

use criterion::{Criterion, criterion_group, criterion_main};
use metaads_vault::{Key, Keyring, NONCE_BYTES, SealContext};

fn bench(c: &mut Criterion) {
    let keys = Keyring::single(Key::new([7; 32]));
    let context = SealContext { table: "meta_connections", column: "access_token", row: "0190a5b0" };
    let token = [b'E'; 200];
    c.bench_function("seal", |b| b.iter(|| keys.seal(&context, [1; NONCE_BYTES], &token)));
    let sealed = keys.seal(&context, [1; NONCE_BYTES], &token);
    c.bench_function("open", |b| b.iter(|| keys.open(&context, &sealed)));
}

criterion_group!(benches, bench);
criterion_main!(benches);
