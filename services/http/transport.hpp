#pragma once

#include "services/core/result.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

// OpenSSL's own types stay out of here.
struct ssl_ctx_st;
struct ssl_st;

namespace pgtrickle::http {

/// A certificate and its key.
class tls_identity {
public:
  /// Both files in PEM. Errors: invalid_argument.
  [[nodiscard]] static result<std::shared_ptr<tls_identity>>
  read(const std::string& certificate, const std::string& key);

  tls_identity(const tls_identity&) = delete;
  tls_identity& operator=(const tls_identity&) = delete;
  ~tls_identity();

private:
  friend class transport;
  explicit tls_identity(ssl_ctx_st* context) : context_(context) {}

  ssl_ctx_st* context_;
};

/// The bytes of one connection, which never make anybody wait.
class transport {
public:
  enum class state { moved, wants_read, wants_write, ended };

  struct outcome {
    state what;
    std::size_t count = 0;
  };

  /// Owns `socket`, which must be non-blocking. Without `identity` nothing is
  /// encrypted.
  transport(int socket, const tls_identity* identity);
  transport(transport&& other) noexcept;
  transport& operator=(transport&&) = delete;
  ~transport();

  [[nodiscard]] outcome read(char* into, std::size_t size);
  [[nodiscard]] outcome write(std::string_view bytes);
  /// Says that nothing more comes.
  void finish();
  [[nodiscard]] int descriptor() const { return socket_; }

private:
  [[nodiscard]] outcome outcome_of(int returned);

  int socket_;
  ssl_st* tls_ = nullptr;
};

} // namespace pgtrickle::http
