#include "test/scenarios/faults/follower.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <unistd.h>

namespace pgtrickle::test {

namespace {

/// A file system of a few megabytes, of PostgreSQL's user.
class small_disk {
public:
  small_disk() {
    std::filesystem::create_directory(path());
    mounted_ = geteuid() == 0
               && run("mount -t tmpfs -o size=4m,mode=0700,uid=postgres,"
                      "gid=postgres tmpfs "
                      + path());
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  ~small_disk() {
    if (mounted_)
      run("umount -l " + path());
  }

  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] std::string path() const { return dir_.path() / "small"; }
  [[nodiscard]] bool grow() const {
    return run("mount -o remount,size=200m " + path());
  }

private:
  static bool run(const std::string& command) {
    return std::system((command + " 2>/dev/null").c_str()) == 0;
  }

  private_directory dir_;
  bool mounted_ = false;
};

} // namespace

TEST_CASE("a full disk below a change buffer fails its writers and nobody "
          "else, until there is room") {
  const small_disk disk;
  if (!disk.mounted()) {
    MESSAGE("left out: only root may mount a small file system");
    return;
  }
  {
    scenario s;
    create_copy(s, "base");
    create_copy(s, "other");
    must(s.admin, "CREATE TABLESPACE small LOCATION '" + disk.path() + "'");
    const auto buffer = "pgtrickle_changes.changes_"
                        + s.admin.run("SELECT 'base'::regclass::oid").value();
    for (const auto* part : {"_0", "_1"})
      must(s.admin, "ALTER TABLE " + buffer + part + " SET TABLESPACE small");
    CHECK(
      s.db.run("INSERT INTO base SELECT generate_series(1, 400000)").sqlstate
      == "53100");
    CHECK(copy_follows(s, "other", 4s));
    CHECK(comes_true(s.admin, "copy_base", 4s));
    CHECK(s.all.serves());
    REQUIRE(disk.grow());
    must(s.db, "INSERT INTO base SELECT generate_series(1, 400000)");
    CHECK(comes_true(s.admin, "copy_base", 20s));
  }
  auto last = the_installation().connect();
  must(last, "DROP TABLESPACE small");
}

} // namespace pgtrickle::test
