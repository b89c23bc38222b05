import { looseFiles } from '../attachments/blobs'
import { forgetUploads } from '../attachments/uploads'
import { clearDrafts } from '../composer/drafts'
import { logout } from '../store/session'
import { act } from './act'

/** Ends the session and leaves nothing of it on this browser. */
export async function logOut(): Promise<void> {
  if (!(await act(logout))) return
  forgetUploads()
  void looseFiles()
  clearDrafts()
}
