// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Clock;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Who is known to the hub. Reads and writes are short and share one lock. */
final class IdentityRegistry {
    static final int MAX_DEVICES = 1_000_000;
    static final int MAX_MODULES = 50;

    private static final Pattern ID = Pattern.compile("[A-Za-z0-9\\-:.+%_#*?!(),=@;$']{1,128}");
    private static final int MAX_REASON = 128;
    private static final Comparator<HubIdentity> ORDER = Comparator.comparing(HubIdentity::deviceId)
            .thenComparing(HubIdentity::moduleId, Comparator.nullsFirst(Comparator.naturalOrder()));

    enum Kind {
        DEVICES,
        MODULES
    }

    private final Clock clock;
    private final CredentialForms credentials = new CredentialForms();
    private final TreeMap<HubIdentity, RegisteredIdentity> identities = new TreeMap<>(ORDER);
    private final Map<String, Integer> modulesOf = new HashMap<>();
    private long lastGeneration;
    private int disabledDevices;

    /** How many devices there are. */
    record Count(int devices, int disabled) {}

    IdentityRegistry(Clock clock) {
        this.clock = clock;
    }

    /** Creates or changes; a key that is not given stays as it is, or is made. */
    synchronized RegisteredIdentity put(IdentitySpec spec, Precondition condition) throws HubException {
        HubIdentity identity = spec.identity();
        RegisteredIdentity known = identities.get(identity);
        check(identity, known, condition);
        if (known == null) {
            requireRoomFor(identity);
        }
        RegisteredIdentity entry = new RegisteredIdentity(
                identity,
                spec.status(),
                reason(spec.statusReason()),
                statusUpdated(spec, known),
                credentials.complete(spec.authentication(), known),
                spec.edge(),
                known == null ? ++lastGeneration : known.generation(),
                known == null ? 1 : known.version() + 1);
        identities.put(identity, entry);
        if (known == null) {
            modulesOf.merge(identity.deviceId(), identity.moduleId() == null ? 0 : 1, Integer::sum);
        }
        disabledDevices += disabled(entry) - disabled(known);
        return entry;
    }

    private static int disabled(@Nullable RegisteredIdentity entry) {
        return entry != null
                        && entry.status() == IdentityStatus.DISABLED
                        && entry.identity().moduleId() == null
                ? 1
                : 0;
    }

    private Instant statusUpdated(IdentitySpec spec, @Nullable RegisteredIdentity known) {
        if (known == null) {
            return RegisteredIdentity.NEVER;
        }
        return known.status() == spec.status() ? known.statusUpdated() : clock.instant();
    }

    private static String reason(String text) throws HubException {
        if (text.length() > MAX_REASON) {
            throw new HubException(HubError.MALFORMED, "a status reason has at most " + MAX_REASON + " characters");
        }
        return text;
    }

    private static void check(HubIdentity identity, @Nullable RegisteredIdentity known, Precondition condition)
            throws HubException {
        if (known == null) {
            if (condition.kind() == Precondition.Kind.PRESENT || condition.kind() == Precondition.Kind.MATCHES) {
                throw unknown(identity);
            }
        } else if (condition.kind() == Precondition.Kind.ABSENT) {
            throw identity.moduleId() == null
                    ? new HubException(
                            HubError.DEVICE_EXISTS,
                            "device " + identity + " is registered already; send If-Match to change it")
                    : new HubException(
                            HubError.MODULE_EXISTS,
                            "module " + identity + " is registered already; send If-Match to change it");
        } else if (!condition.admits(known.etag())) {
            throw new HubException(
                    HubError.PRECONDITION_FAILED, identity + " has changed, its etag is " + known.etag());
        }
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

    synchronized @Nullable RegisteredIdentity find(HubIdentity identity) {
        return identities.get(identity);
    }

    synchronized RegisteredIdentity get(HubIdentity identity) throws HubException {
        RegisteredIdentity entry = identities.get(identity);
        if (entry != null) {
            return entry;
        }
        throw unknown(identity);
    }

    private static HubException unknown(HubIdentity identity) {
        return identity.moduleId() == null
                ? new HubException(HubError.DEVICE_NOT_FOUND, "device " + identity + " is not registered")
                : new HubException(HubError.MODULE_NOT_FOUND, "module " + identity + " is not registered");
    }

    synchronized Count count() {
        return new Count(modulesOf.size(), disabledDevices);
    }

    /**
     * Lists what comes behind an identity in the order of ids, a device before its modules.
     *
     * @param after {@code null} to begin with the first
     */
    synchronized List<RegisteredIdentity> list(Kind kind, @Nullable HubIdentity after, int limit) {
        NavigableMap<HubIdentity, RegisteredIdentity> rest =
                after == null ? identities : identities.tailMap(after, false);
        return rest.values().stream()
                .filter(each -> (each.identity().moduleId() == null) == (kind == Kind.DEVICES))
                .limit(limit)
                .toList();
    }

    synchronized List<RegisteredIdentity> modules(String deviceId) throws HubException {
        HubIdentity device = HubIdentity.device(deviceId);
        get(device);
        return family(device).stream()
                .filter(each -> !each.equals(device))
                .map(identities::get)
                .toList();
    }

    /** The device and its modules. */
    private List<HubIdentity> family(HubIdentity device) {
        return identities.tailMap(device, true).keySet().stream()
                .takeWhile(each -> each.deviceId().equals(device.deviceId()))
                .toList();
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
    synchronized List<HubIdentity> remove(HubIdentity identity, Precondition condition) throws HubException {
        RegisteredIdentity entry = get(identity);
        check(identity, entry, condition);
        if (identity.moduleId() != null) {
            identities.remove(identity);
            modulesOf.merge(identity.deviceId(), -1, Integer::sum);
            return List.of(identity);
        }
        List<HubIdentity> removed = family(identity);
        removed.forEach(identities::remove);
        modulesOf.remove(identity.deviceId());
        disabledDevices -= disabled(entry);
        return removed;
    }
}
