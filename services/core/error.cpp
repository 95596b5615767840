#include "services/core/error.hpp"

namespace pgtrickle {

reaction reaction_to(errc code) {
  switch (code) {
    case errc::invalid_argument:
    case errc::stream_table_not_found:
    case errc::already_exists:
    case errc::invalid_query:
    case errc::unsupported_query:
    case errc::query_too_large:
    case errc::dependency_cycle:
    case errc::dependents_exist:
    case errc::permission_denied:
    case errc::wrong_state:
    case errc::caller_holds_lock:
    case errc::cancelled:
    case errc::deadline_exceeded:
    case errc::call_rejected:
    case errc::statement_failed:
      return reaction::reject;
    case errc::source_changed:
      return reaction::rebuild;
    case errc::lock_unavailable:
    case errc::serialization_failure:
    case errc::connection_lost:
    case errc::overloaded:
      return reaction::retry;
    case errc::fenced:
    case errc::invariant_violated:
      return reaction::halt;
  }
  return reaction::halt;
}

std::string_view to_string(errc code) {
  switch (code) {
    case errc::invalid_argument:
      return "invalid_argument";
    case errc::stream_table_not_found:
      return "stream_table_not_found";
    case errc::already_exists:
      return "already_exists";
    case errc::invalid_query:
      return "invalid_query";
    case errc::unsupported_query:
      return "unsupported_query";
    case errc::query_too_large:
      return "query_too_large";
    case errc::dependency_cycle:
      return "dependency_cycle";
    case errc::dependents_exist:
      return "dependents_exist";
    case errc::permission_denied:
      return "permission_denied";
    case errc::wrong_state:
      return "wrong_state";
    case errc::source_changed:
      return "source_changed";
    case errc::lock_unavailable:
      return "lock_unavailable";
    case errc::caller_holds_lock:
      return "caller_holds_lock";
    case errc::serialization_failure:
      return "serialization_failure";
    case errc::connection_lost:
      return "connection_lost";
    case errc::fenced:
      return "fenced";
    case errc::cancelled:
      return "cancelled";
    case errc::deadline_exceeded:
      return "deadline_exceeded";
    case errc::call_rejected:
      return "call_rejected";
    case errc::overloaded:
      return "overloaded";
    case errc::statement_failed:
      return "statement_failed";
    case errc::invariant_violated:
      return "invariant_violated";
  }
  return "invariant_violated";
}

std::string_view sqlstate_of(errc code) {
  switch (code) {
    case errc::invalid_argument:
      return "22023";
    case errc::stream_table_not_found:
      return "42P01";
    case errc::already_exists:
      return "42P07";
    case errc::invalid_query:
      return "42601";
    case errc::unsupported_query:
      return "0A000";
    case errc::query_too_large:
      return "54000";
    case errc::dependency_cycle:
      return "42P15";
    case errc::dependents_exist:
      return "2BP01";
    case errc::permission_denied:
      return "42501";
    case errc::wrong_state:
      return "55000";
    case errc::source_changed:
      return "42P17";
    case errc::lock_unavailable:
    case errc::caller_holds_lock:
      return "55P03";
    case errc::serialization_failure:
      return "40001";
    case errc::connection_lost:
      return "08006";
    case errc::fenced:
      return "55000";
    case errc::cancelled:
    case errc::deadline_exceeded:
      return "57014";
    case errc::call_rejected:
      return "28000";
    case errc::overloaded:
      return "53000";
    case errc::statement_failed:
    case errc::invariant_violated:
      return "XX000";
  }
  return "XX000";
}

} // namespace pgtrickle
