#pragma once
// Tables out of step that are set aside (unaware.h; docs/shadow.md, "Tables set aside"). The entry
// that led to such a table is remembered in ShadowTable::parents of its copy.

#include "hypervisor/translation/shadow/unsynced_tables.h"

namespace hv {

class AsideTables : public UnsyncedTables {
  public:
    using UnsyncedTables::UnsyncedTables;

    /// Sets all tables out of step aside. All cached translations are then stale, and the caller
    /// must drop them.
    void set_aside();
    /// Whether any shadow entry leads to a table out of step.
    bool uses_unsynced() const;

  protected:
    /// The shadow table to which entry `number`, of level 2, leads, or led before the table was set
    /// aside; 0 for none.
    ShadowNumber child_or_aside(EntryNumber number) const;
    /// Syncs and links again all tables set aside that belong below `root`. Returns whether there
    /// were any.
    bool bring_back(ShadowNumber root);
};

} // namespace hv
