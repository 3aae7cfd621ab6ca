// One handler a step, in the order of native/steps/steps.json. Each does the step and returns
// true, or remembers what went wrong (`return context.fail(errno, …)`) and returns false.
#pragma once
#include "context.h"
#include "steps.gen.h"

namespace init {

bool run(Context &, const steps::SetDumpable &);
bool run(Context &, const steps::OpenNamespace &);
bool run(Context &, const steps::JoinNamespace &);
bool run(Context &, const steps::Unshare &);
bool run(Context &, const steps::WriteTimeOffsets &);
bool run(Context &, const steps::JoinCgroup &);
bool run(Context &, const steps::OpenDirectory &);
bool run(Context &, const steps::Clone &);
bool run(Context &, const steps::Sync &);
bool run(Context &, const steps::ReceiveProgram &);
bool run(Context &, const steps::WriteSelf &);
bool run(Context &, const steps::SetSession &);
bool run(Context &, const steps::JoinKeyring &);
bool run(Context &, const steps::SetHostname &);
bool run(Context &, const steps::SetDomainname &);
bool run(Context &, const steps::WriteSysctl &);
bool run(Context &, const steps::SetRlimit &);
bool run(Context &, const steps::SetScheduler &);
bool run(Context &, const steps::SetIoPriority &);
bool run(Context &, const steps::SetAffinity &);
bool run(Context &, const steps::GiveStream &);
bool run(Context &, const steps::SetPersonality &);
bool run(Context &, const steps::SetMemoryPolicy &);
bool run(Context &, const steps::SetUmask &);
bool run(Context &, const steps::SetHostPropagation &);
bool run(Context &, const steps::CloneTree &);
bool run(Context &, const steps::MakeFilesystem &);
bool run(Context &, const steps::SetTree &);
bool run(Context &, const steps::IdmapTree &);
bool run(Context &, const steps::CoverRoot &);
bool run(Context &, const steps::AttachRoot &);
bool run(Context &, const steps::AttachTree &);
bool run(Context &, const steps::CopyUp &);
bool run(Context &, const steps::MakeDirectory &);
bool run(Context &, const steps::MakeSymlink &);
bool run(Context &, const steps::MakeNode &);
bool run(Context &, const steps::BindNode &);
bool run(Context &, const steps::OpenConsole &);
bool run(Context &, const steps::MakeMasks &);
bool run(Context &, const steps::MaskPath &);
bool run(Context &, const steps::ProtectPath &);
bool run(Context &, const steps::PivotRoot &);
bool run(Context &, const steps::MoveRoot &);
bool run(Context &, const steps::EnterRoot &);
bool run(Context &, const steps::SetRoot &);
bool run(Context &, const steps::EnterUser &);
bool run(Context &, const steps::SetSecurebits &);
bool run(Context &, const steps::DropBounding &);
bool run(Context &, const steps::SetCapabilities &);
bool run(Context &, const steps::SetNoNewPrivs &);
bool run(Context &, const steps::SetSeccomp &);
bool run(Context &, const steps::SetExecLabel &);
bool run(Context &, const steps::ChangeDirectory &);
bool run(Context &, const steps::FindProgram &);
bool run(Context &, const steps::ListenStart &);
bool run(Context &, const steps::RunHook &);
bool run(Context &, const steps::CloseDescriptors &);
bool run(Context &, const steps::Execute &);
bool run(Context &, const steps::MakeUserNamespace &);
bool run(Context &, const steps::RaiseLoopback &);
bool run(Context &, const steps::JoinProcess &);
bool run(Context &, const steps::DetachRoot &);
bool run(Context &, const steps::FindHome &);
bool run(Context &, const steps::Trace &);
bool run(Context &, const steps::Await &);

}  // namespace init
