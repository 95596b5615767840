// Writes docs/ERRORS.md: render_errors <file>

#include "services/core/documentation.hpp"

#include <fstream>

int main(int argc, char** argv) {
  if (argc != 2)
    return 2;
  std::ofstream file{argv[1]};
  file << pgtrickle::render_errors();
  return file.flush() ? 0 : 1;
}
