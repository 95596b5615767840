#pragma once

namespace pgtrickle::http {

/// Lets the process's other threads run before the calling one, whatever comes
/// over HTTP. It still gets its share of a busy processor.
void give_way();

} // namespace pgtrickle::http
