// The least a container can run: what benchmarks measure is then the runtime's.
int main(void) { return 0; }
