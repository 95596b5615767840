#pragma once

#include "services/postgres/client.hpp"

namespace pgtrickle::postgres {

/// Who wants to be let in, and how they prove it.
struct role_password {
  std::string database;
  std::string role;
  std::string password;
};

/// Connects as a role to the server of `conninfo`, with none of that string's
/// own proofs. The server must have asked for the password: what lets everybody
/// in, or whoever runs this program, says nothing of who asks. Errors:
/// permission_denied, without why PostgreSQL let nobody in.
[[nodiscard]] result<client> open_as(const std::string& conninfo,
                                     const role_password& who);

} // namespace pgtrickle::postgres
