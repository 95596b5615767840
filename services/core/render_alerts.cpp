// Writes docs/alerts.md: render_alerts <file>

#include "services/core/documentation.hpp"

#include <fstream>

int main(int argc, char** argv) {
  if (argc != 2)
    return 2;
  std::ofstream file{argv[1]};
  file << pgtrickle::render_alerts();
  return file.flush() ? 0 : 1;
}
