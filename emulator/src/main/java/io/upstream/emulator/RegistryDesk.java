// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import io.upstream.emulator.hub.Authentication;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.IdentitySpec;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.hub.Precondition;
import io.upstream.emulator.hub.RegisteredIdentity;
import org.jspecify.annotations.Nullable;

/** The emulator's registry as its users see it: mistakes of theirs are {@link IllegalArgumentException}s. */
final class RegistryDesk {
    private final HubCore hub;

    RegistryDesk(HubCore hub) {
        this.hub = hub;
    }

    RegisteredIdentity put(HubIdentity identity, IdentityStatus status, @Nullable String key) {
        try {
            return hub.put(identity, status, key, null);
        } catch (HubException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    RegisteredIdentity put(HubIdentity identity, Authentication authentication) {
        try {
            return hub.put(IdentitySpec.of(identity, authentication), Precondition.NONE);
        } catch (HubException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    RegisteredIdentity get(HubIdentity identity) {
        try {
            return hub.get(identity);
        } catch (HubException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** With the primary key, a secret, or {@code x509=true}. */
    String connectionString(HubIdentity identity) {
        String key = get(identity).primaryKey();
        return "HostName=" + hub.hostName() + ";DeviceId=" + identity.deviceId()
                + (identity.moduleId() == null ? "" : ";ModuleId=" + identity.moduleId())
                + (key.isEmpty() ? ";x509=true" : ";SharedAccessKey=" + key);
    }

    String serviceConnectionString() {
        return "HostName=" + hub.hostName() + ";SharedAccessKeyName="
                + hub.policy().name() + ";SharedAccessKey="
                + hub.policy().primaryKey();
    }
}
