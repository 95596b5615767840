#include "services/http/compression.hpp"

#include <zlib.h>

namespace pgtrickle::http {

namespace {

/// Fast: the text of metrics shrinks to a tenth all the same.
constexpr int level = 1;
/// The greatest window, in gzip's format.
constexpr int window_bits = 15 + 16;
constexpr int memory_level = 8;

} // namespace

std::optional<std::string> gzipped(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, memory_level,
                   Z_DEFAULT_STRATEGY)
      != Z_OK)
    return std::nullopt;
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  // zlib reads only, but its interface is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const auto ended = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (ended != Z_STREAM_END)
    return std::nullopt;
  return packed;
}

} // namespace pgtrickle::http
