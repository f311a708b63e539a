// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Who is known to the hub. Reads and writes are short and share one lock. */
final class IdentityRegistry {
    static final int MAX_DEVICES = 1_000_000;
    static final int MAX_MODULES = 50;

    private static final Pattern ID = Pattern.compile("[A-Za-z0-9\\-:.+%_#*?!(),=@;$']{1,128}");
    private static final int KEY_BYTES = 32;
    private static final int MIN_KEY_BYTES = 16;
    private static final int MAX_KEY_BYTES = 64;

    private final SecureRandom random = new SecureRandom();
    private final Map<HubIdentity, RegisteredIdentity> identities = new HashMap<>();
    private final Map<String, Integer> modulesOf = new HashMap<>();
    private long lastGeneration;

    /** Creates or changes; a key that is not given stays as it is, or is made. */
    synchronized RegisteredIdentity put(
            HubIdentity identity, IdentityStatus status, @Nullable String primaryKey, @Nullable String secondaryKey)
            throws HubException {
        RegisteredIdentity known = identities.get(identity);
        if (known == null) {
            requireRoomFor(identity);
        }
        RegisteredIdentity entry = new RegisteredIdentity(
                identity,
                status,
                key(primaryKey, known == null ? null : known.primaryKey()),
                key(secondaryKey, known == null ? null : known.secondaryKey()),
                known == null ? ++lastGeneration : known.generation(),
                known == null ? 1 : known.version() + 1);
        identities.put(identity, entry);
        if (known == null) {
            modulesOf.merge(identity.deviceId(), identity.moduleId() == null ? 0 : 1, Integer::sum);
        }
        return entry;
    }

    private void requireRoomFor(HubIdentity identity) throws HubException {
        String moduleId = identity.moduleId();
        requireId(identity.deviceId());
        if (moduleId == null) {
            if (modulesOf.size() >= MAX_DEVICES) {
                throw new HubException(HubError.QUOTA_EXCEEDED, "the hub holds " + MAX_DEVICES + " devices already");
            }
            return;
        }
        requireId(moduleId);
        get(HubIdentity.device(identity.deviceId()));
        if (modulesOf.getOrDefault(identity.deviceId(), 0) >= MAX_MODULES) {
            throw new HubException(
                    HubError.QUOTA_EXCEEDED,
                    "device " + identity.deviceId() + " has " + MAX_MODULES + " modules already");
        }
    }

    private static void requireId(String id) throws HubException {
        if (!ID.matcher(id).matches()) {
            throw new HubException(
                    HubError.MALFORMED,
                    "an id must be 1 to 128 letters, digits or - : . + % _ # * ? ! ( ) , = @ ; $ '");
        }
    }

    private String key(@Nullable String given, @Nullable String known) throws HubException {
        if (given == null) {
            return known != null ? known : newKey();
        }
        try {
            int length = Base64.getDecoder().decode(given).length;
            if (length >= MIN_KEY_BYTES && length <= MAX_KEY_BYTES) {
                return given;
            }
        } catch (IllegalArgumentException e) {
            throw new HubException(HubError.MALFORMED, "a symmetric key is not base64");
        }
        throw new HubException(
                HubError.MALFORMED, "a symmetric key must be " + MIN_KEY_BYTES + " to " + MAX_KEY_BYTES + " bytes");
    }

    private String newKey() {
        byte[] key = new byte[KEY_BYTES];
        random.nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

    synchronized RegisteredIdentity get(HubIdentity identity) throws HubException {
        RegisteredIdentity entry = identities.get(identity);
        if (entry != null) {
            return entry;
        }
        throw identity.moduleId() == null
                ? new HubException(HubError.DEVICE_NOT_FOUND, "device " + identity + " is not registered")
                : new HubException(HubError.MODULE_NOT_FOUND, "module " + identity + " is not registered");
    }

    /** An identity counts as enabled only if its device is, too. */
    synchronized void requireEnabled(HubIdentity identity) throws HubException {
        HubIdentity device = HubIdentity.device(identity.deviceId());
        if (get(identity).status() == IdentityStatus.DISABLED
                || (identity.moduleId() != null && get(device).status() == IdentityStatus.DISABLED)) {
            throw new HubException(HubError.DEVICE_DISABLED, identity + " is disabled");
        }
    }

    /** Removes the identity and, with a device, its modules; gives back all that were removed. */
    synchronized List<HubIdentity> remove(HubIdentity identity) throws HubException {
        get(identity);
        if (identity.moduleId() != null) {
            identities.remove(identity);
            modulesOf.merge(identity.deviceId(), -1, Integer::sum);
            return List.of(identity);
        }
        // Walks the whole registry only for a device that has modules.
        List<HubIdentity> removed = modulesOf.getOrDefault(identity.deviceId(), 0) == 0
                ? List.of(identity)
                : identities.keySet().stream()
                        .filter(each -> each.deviceId().equals(identity.deviceId()))
                        .toList();
        removed.forEach(identities::remove);
        modulesOf.remove(identity.deviceId());
        return removed;
    }
}
