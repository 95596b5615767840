#include "services/snapshots/progress.hpp"

namespace pgtrickle::snapshots {

void report(pqxx::transaction_base& tx, stage next, oid relation,
            std::int64_t expected_rows) {
  // By this setting the parallel workers of a statement know that they are to
  // count as well.
  tx.exec("SET LOCAL pg_trickle.internal_refresh = on");
  tx.exec_params("SELECT pgtrickle._report_progress($1, $2, $3)",
                 static_cast<int>(next), relation, expected_rows);
}

} // namespace pgtrickle::snapshots
