#include "services/metrics/process_memory.hpp"

#include <fstream>
#include <unistd.h>

namespace pgtrickle::metrics {

std::uint64_t resident_memory() {
  std::ifstream pages{"/proc/self/statm"};
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  pages >> all >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

} // namespace pgtrickle::metrics
