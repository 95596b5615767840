#include "services/http/transport.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace pgtrickle::http {

result<std::shared_ptr<tls_identity>>
tls_identity::read(const std::string& certificate, const std::string& key) {
  std::shared_ptr<tls_identity> identity{
    new tls_identity{SSL_CTX_new(TLS_server_method())}};
  auto* context = identity->context_;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE
                              | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                              | SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) == 1
      && SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM)
           == 1
      && SSL_CTX_check_private_key(context) == 1)
    return identity;
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  ERR_clear_error();
  return fail(errc::invalid_argument,
              fmt::format("http: certificate \"{}\" with key \"{}\": {}",
                          certificate, key, reason.data()),
              "Name a certificate and its key, both in PEM and readable.");
}

tls_identity::~tls_identity() { SSL_CTX_free(context_); }

transport::transport(int socket, const tls_identity* identity)
  : socket_(socket) {
  if (identity == nullptr)
    return;
  tls_ = SSL_new(identity->context_);
  SSL_set_fd(tls_, socket_);
  SSL_set_accept_state(tls_);
}

transport::transport(transport&& other) noexcept
  : socket_(std::exchange(other.socket_, -1)),
    tls_(std::exchange(other.tls_, nullptr)) {}

transport::~transport() {
  SSL_free(tls_);
  if (socket_ >= 0)
    ::close(socket_);
}

transport::outcome transport::read(char* into, std::size_t size) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    return outcome_of(SSL_read(tls_, into, static_cast<int>(size)));
  }
  const auto count = ::recv(socket_, into, size, 0);
  if (count > 0)
    return {state::moved, static_cast<std::size_t>(count)};
  const auto is_early = count < 0 && (errno == EAGAIN || errno == EINTR);
  return {is_early ? state::wants_read : state::ended};
}

transport::outcome transport::write(std::string_view bytes) {
  if (tls_ != nullptr) {
    constexpr std::size_t most = 1U << 20U;
    ERR_clear_error();
    return outcome_of(SSL_write(
      tls_, bytes.data(), static_cast<int>(std::min(bytes.size(), most))));
  }
  const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count >= 0)
    return {state::moved, static_cast<std::size_t>(count)};
  const auto is_early = errno == EAGAIN || errno == EINTR;
  return {is_early ? state::wants_write : state::ended};
}

transport::outcome transport::outcome_of(int returned) {
  if (returned > 0)
    return {state::moved, static_cast<std::size_t>(returned)};
  switch (SSL_get_error(tls_, returned)) {
    case SSL_ERROR_WANT_READ:
      return {state::wants_read};
    case SSL_ERROR_WANT_WRITE:
      return {state::wants_write};
    default:
      return {state::ended};
  }
}

void transport::finish() {
  if (tls_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(tls_);
  }
  ::shutdown(socket_, SHUT_WR);
}

} // namespace pgtrickle::http
