// Writes the package's configuration file: render_default_file <file>

#include "services/config/documentation.hpp"

#include <fstream>

int main(int argc, char** argv) {
  if (argc != 2)
    return 2;
  std::ofstream file{argv[1]};
  file << pgtrickle::config::render_default_file();
  return file.flush() ? 0 : 1;
}
