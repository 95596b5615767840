#include "services/observation/bearer.hpp"

#include <fmt/format.h>

namespace pgtrickle::observation {

namespace {

/// A role's own setting for this database comes before that for any, then the
/// database's, then that of all roles.
constexpr auto situation = R"(
  SELECT r.rolname,
    coalesce((
      SELECT substr(c, length('search_path=') + 1)
      FROM pg_db_role_setting s, unnest(s.setconfig) c
      WHERE starts_with(c, 'search_path=') AND s.setrole IN (0, r.oid)
        AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1), '"$user", public'),
    pg_has_role(i.oid, r.oid, 'MEMBER'),
    EXISTS (SELECT FROM pgtrickle.pgt_token_revocations v
            WHERE v.role IN (0, r.oid) AND v.revoked_at >= to_timestamp($3::numeric / 1000000)),
    has_database_privilege(r.oid, current_database(), 'CONNECT'),
    has_schema_privilege(r.oid, 'pgtrickle', 'USAGE')
      AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
  FROM pg_roles r, pg_roles i, pg_proc p
  WHERE r.oid = $1 AND i.oid = $2 AND p.proname = $4 AND p.pronamespace = 'pgtrickle'::regnamespace)";

tl::unexpected<failure> refuse_token(std::string message) {
  return fail(errc::call_rejected, std::move(message),
              "Issue another one with pgtrickle.issue_token().");
}

result<caller> bearer_in(const pqxx::result& rows, const bearer_claim& claim) {
  if (rows.empty())
    return refuse_token(
      "token is for a role that is gone, or was issued by one");
  const auto row = rows[0];
  caller found{row[0].as<std::string>(), row[1].as<std::string>()};
  if (!row[2].as<bool>())
    return refuse_token("token was issued by who is no member of role "
                        + found.role + " any more");
  if (row[3].as<bool>())
    return refuse_token("token was revoked");
  if (!row[4].as<bool>())
    return fail(
      errc::permission_denied,
      fmt::format("role {} may not connect to the database", found.role),
      "Grant it CONNECT on the database.");
  if (!row[5].as<bool>())
    return fail(errc::permission_denied,
                fmt::format("permission denied for function {}", claim.method),
                "Grant the role USAGE on the schema pgtrickle and EXECUTE on "
                "the function.");
  return found;
}

} // namespace

result<caller> find_bearer(postgres::session& db, const bearer_claim& claim) {
  return db.run<caller>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto rows = tx.exec_params(
        situation, claim.role, claim.issuer,
        claim.issued_at.time_since_epoch().count(), claim.method);
      return postgres::value_of(bearer_in(rows, claim));
    });
}

} // namespace pgtrickle::observation
