#include "services/http/worker_pool.hpp"

#include "services/http/priority.hpp"

#include <utility>

namespace pgtrickle::http {

worker_pool::~worker_pool() {
  {
    const std::scoped_lock lock{mutex_};
    is_stopping_ = true;
    waiting_.clear();
  }
  something_to_do_.notify_all();
  for (auto& thread : threads_)
    thread.join();
}

bool worker_pool::submit(job work) {
  const std::scoped_lock lock{mutex_};
  if (idle_ <= waiting_.size() && threads_.size() < most_)
    threads_.emplace_back([this] { this->work(); });
  else if (idle_ <= waiting_.size() && waiting_.size() >= most_)
    return false;
  waiting_.push_back(std::move(work));
  something_to_do_.notify_one();
  return true;
}

void worker_pool::work() {
  give_way();
  std::unique_lock lock{mutex_};
  for (;;) {
    ++idle_;
    something_to_do_.wait(lock,
                          [&] { return is_stopping_ || !waiting_.empty(); });
    --idle_;
    if (is_stopping_)
      return;
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    next();
    lock.lock();
  }
}

} // namespace pgtrickle::http
