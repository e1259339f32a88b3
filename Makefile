.PHONY: setup run test check bench doc

setup:   ; @./tools/setup
run: setup   ; cargo run --release -p oxisim -- backup examples/contacts-255.vcf
test: setup  ; ./tools/test
check: setup ; cargo fmt --all --check && cargo clippy --workspace --all-targets -- -D warnings && RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
bench: setup ; cargo bench -p oxisim --bench program && cargo bench -p oxisim --bench coding && cargo bench -p oxisim-server --bench stores --bench service && cargo bench -p oxisim-card --bench applets && cargo bench -p oxisim-kit --bench fuzz && cargo bench -p oxisim-simulation --bench worlds && cargo bench -p oxisim-tests --bench pcsc
doc:         ; cargo doc --workspace --no-deps --open
