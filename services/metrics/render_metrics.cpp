// Writes docs/metrics.md: render_metrics <file>

#include "services/metrics/documentation.hpp"

#include <fstream>

int main(int argc, char** argv) {
  if (argc != 2)
    return 2;
  std::ofstream file{argv[1]};
  file << pgtrickle::metrics::render_markdown();
  return file.flush() ? 0 : 1;
}
