#include "services/coordination/call_ledger.hpp"

namespace pgtrickle {

result<void> call_ledger::admit(entry call, time_point now) {
  if (calls_.size() >= max_calls)
    return fail(errc::overloaded, "the daemon works on too many calls",
                "Repeat the call later.");
  auto id = call.id;
  const auto [position, is_new] = calls_.try_emplace(
    std::move(id), progress{std::move(call), now + alive_interval});
  if (!is_new)
    return fail(errc::call_rejected, "call is already worked on");
  return {};
}

std::optional<call_ledger::entry> call_ledger::settle(const std::string& id) {
  auto node = calls_.extract(id);
  if (node.empty())
    return std::nullopt;
  return std::move(node.mapped().call);
}

void call_ledger::note(const std::string& id, std::string notice) {
  if (const auto found = calls_.find(id); found != calls_.end())
    found->second.call.notices.push_back(std::move(notice));
}

const call_ledger::entry* call_ledger::find(const std::string& id) const {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second.call;
}

call_ledger::due_calls call_ledger::take_due(time_point now) {
  due_calls due;
  for (auto it = calls_.begin(); it != calls_.end();) {
    auto& [call, next_alive] = it->second;
    if (call.deadline <= now) {
      due.expired.push_back(std::move(call));
      it = calls_.erase(it);
      continue;
    }
    if (next_alive <= now) {
      due.alive.push_back(call);
      next_alive = now + alive_interval;
    }
    ++it;
  }
  return due;
}

std::vector<call_ledger::entry> call_ledger::take_all_of(oid database) {
  std::vector<entry> taken;
  for (auto it = calls_.begin(); it != calls_.end();) {
    if (it->second.call.database == database) {
      taken.push_back(std::move(it->second.call));
      it = calls_.erase(it);
    } else {
      ++it;
    }
  }
  return taken;
}

} // namespace pgtrickle
