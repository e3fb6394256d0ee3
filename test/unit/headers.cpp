// The program that owns the precompiled headers of the unit tests: ../CMakeLists.txt. It does nothing.

int main() { return 0; }
