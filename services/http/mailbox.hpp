#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace pgtrickle::http {

/// What workers have for the clients, until the thread that serves them looks.
class mailbox {
public:
  using client = std::uint64_t;

  struct delivery {
    client to = 0;
    std::string bytes;
    bool is_last = true;
  };

  mailbox();
  mailbox(const mailbox&) = delete;
  mailbox& operator=(const mailbox&) = delete;
  ~mailbox();

  // -- the workers ---
  /// False: the client has gone, or got an error meanwhile.
  [[nodiscard]] bool deliver(delivery piece);
  [[nodiscard]] bool waits(client who);

  // -- the thread that serves ---
  void open(client who);
  void close(client who);
  void close_all();
  [[nodiscard]] std::vector<delivery> take();
  /// Readable when there is something to take, or wake() was called.
  [[nodiscard]] int descriptor() const { return wakes_; }
  void wake() const;

private:
  int wakes_;
  std::mutex mutex_;
  std::set<client> waiting_;
  std::vector<delivery> pieces_;
};

} // namespace pgtrickle::http
