// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.upstream.emulator.hub.HubIdentity;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The sessions of all identities that did not ask for a clean one; the longest unused go first when there are too many. */
final class StoredSessions {
    private static final int MAX_SESSIONS = 1_000_000;

    private final Map<HubIdentity, StoredSession> sessions = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<HubIdentity, StoredSession> eldest) {
            return size() > MAX_SESSIONS;
        }
    };

    /** Gives the session kept from before, and keeps it. */
    synchronized @Nullable StoredSession resume(HubIdentity identity) {
        return sessions.get(identity);
    }

    /** Starts afresh; whatever was kept is gone. */
    synchronized StoredSession begin(HubIdentity identity, boolean clean) {
        StoredSession fresh = new StoredSession();
        if (clean) {
            sessions.remove(identity);
        } else {
            sessions.put(identity, fresh);
        }
        return fresh;
    }
}
