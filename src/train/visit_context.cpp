#include "train/visit_context.hpp"

namespace train {
namespace {
ActiveVisit* current_visit = nullptr;
}

ActiveVisit* CurrentVisit() { return current_visit; }

VisitScope::VisitScope(ActiveVisit* visit) : outer_(current_visit) { current_visit = visit; }
VisitScope::~VisitScope() { current_visit = outer_; }

}  // namespace train
