#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pgtrickle::http {

/// Threads that carry out what may take its time; as many as are needed, up to
/// a bound.
class worker_pool {
public:
  using job = std::function<void()>;

  explicit worker_pool(std::size_t most) : most_(most) {}
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  /// Waits for the jobs in progress; the others are dropped.
  ~worker_pool();

  /// False: every thread is busy, and as many jobs wait already.
  [[nodiscard]] bool submit(job work);

private:
  void work();

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable something_to_do_;
  std::deque<job> waiting_;
  std::size_t idle_ = 0;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

} // namespace pgtrickle::http
