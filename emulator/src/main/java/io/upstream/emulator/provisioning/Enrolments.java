// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import io.upstream.emulator.hub.CredentialForms;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.Precondition;
import io.upstream.emulator.provisioning.Attestation.Authorities;
import io.upstream.emulator.provisioning.Attestation.SymmetricKeys;
import io.upstream.emulator.provisioning.Attestation.Thumbprints;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Who may register. Thread-safe. */
final class Enrolments {
    static final int MAX_DEVICES = 1_000_000;
    static final int MAX_GROUPS = 100;

    private final Clock clock;
    private final CredentialForms credentials = new CredentialForms();
    private final Map<Enrolment.Kind, Map<String, StoredEnrolment>> kept = new EnumMap<>(Enrolment.Kind.class);
    private long lastVersion;

    Enrolments(Clock clock) {
        this.clock = clock;
        for (Enrolment.Kind each : Enrolment.Kind.values()) {
            kept.put(each, new TreeMap<>());
        }
    }

    private Map<String, StoredEnrolment> all(Enrolment.Kind kind) {
        Map<String, StoredEnrolment> found = kept.get(kind);
        if (found == null) {
            throw new IllegalStateException("there are no enrolments of kind " + kind);
        }
        return found;
    }

    synchronized StoredEnrolment put(Enrolment asked, Precondition condition) throws ProvisioningException {
        Map<String, StoredEnrolment> all = all(asked.kind());
        if (!RegistrationAddress.isRegistrationId(asked.id())) {
            throw malformed("the id of an enrolment must be 1 to 128 letters, digits or - . _ :");
        }
        String key = RegistrationAddress.key(asked.id());
        StoredEnrolment known = all.get(key);
        check(asked, known, condition);
        int limit = asked.kind() == Enrolment.Kind.DEVICE ? MAX_DEVICES : MAX_GROUPS;
        if (known == null && all.size() >= limit) {
            throw new ProvisioningException(
                    ProvisioningError.QUOTA_EXCEEDED, "the service holds " + limit + " such enrolments already");
        }
        Instant now = clock.instant();
        StoredEnrolment stored = new StoredEnrolment(
                asked.with(complete(asked, known)), known == null ? now : known.created(), now, ++lastVersion);
        all.put(key, stored);
        return stored;
    }

    private static void check(Enrolment asked, @Nullable StoredEnrolment known, Precondition condition)
            throws ProvisioningException {
        if (known == null && condition.kind() == Precondition.Kind.MATCHES) {
            throw notFound(asked.id());
        }
        if (known != null && condition.kind() == Precondition.Kind.ABSENT) {
            throw new ProvisioningException(
                    ProvisioningError.ENROLMENT_EXISTS,
                    "there is an enrolment " + asked.id() + " already; send If-Match to change it");
        }
        if (known != null && !condition.admits(known.etag())) {
            throw new ProvisioningException(
                    ProvisioningError.PRECONDITION_FAILED,
                    "the enrolment " + asked.id() + " has changed, its etag is " + known.etag());
        }
    }

    private Attestation complete(Enrolment asked, @Nullable StoredEnrolment known) throws ProvisioningException {
        boolean group = asked.kind() == Enrolment.Kind.GROUP;
        if (group && !asked.plan().deviceId().isEmpty()) {
            throw malformed("the devices of a group cannot all have the same device id");
        }
        try {
            if (asked.attestation() instanceof SymmetricKeys keys) {
                return complete(keys, known == null ? null : known.enrolment().attestation());
            }
            if (asked.attestation() instanceof Thumbprints thumbprints) {
                CredentialForms.requireThumbprint(thumbprints.primary());
                CredentialForms.requireThumbprint(thumbprints.secondary());
                if (thumbprints.primary().isEmpty() || group) {
                    throw malformed("thumbprints are for the enrolment of a device, which needs a primary one");
                }
            }
        } catch (HubException e) {
            throw malformed(String.valueOf(e.getMessage()));
        }
        if (asked.attestation() instanceof Authorities authorities) {
            requireAuthority(authorities.primary());
            X509Certificate secondary = authorities.secondary();
            if (secondary != null) {
                requireAuthority(secondary);
            }
            if (!group) {
                throw malformed("a signing certificate is for the enrolment of a group");
            }
        }
        return asked.attestation();
    }

    private SymmetricKeys complete(SymmetricKeys asked, @Nullable Attestation known) throws HubException {
        SymmetricKeys before = known instanceof SymmetricKeys earlier ? earlier : SymmetricKeys.OF_THE_SERVICE;
        return new SymmetricKeys(key(asked.primary(), before.primary()), key(asked.secondary(), before.secondary()));
    }

    private static void requireAuthority(X509Certificate certificate) throws ProvisioningException {
        if (certificate.getBasicConstraints() < 0) {
            throw malformed("the signing certificate is not a certificate authority's (RFC 5280)");
        }
    }

    private String key(String given, String known) throws HubException {
        if (given.isEmpty()) {
            return known.isEmpty() ? credentials.newKey() : known;
        }
        CredentialForms.requireKey(given);
        return given;
    }

    synchronized @Nullable StoredEnrolment find(Enrolment.Kind kind, String id) {
        return all(kind).get(RegistrationAddress.key(id));
    }

    synchronized StoredEnrolment get(Enrolment.Kind kind, String id) throws ProvisioningException {
        StoredEnrolment found = find(kind, id);
        if (found == null) {
            throw notFound(id);
        }
        return found;
    }

    /** A copy, by id. */
    synchronized List<StoredEnrolment> list(Enrolment.Kind kind) {
        return List.copyOf(all(kind).values());
    }

    synchronized void remove(Enrolment.Kind kind, String id, Precondition condition) throws ProvisioningException {
        StoredEnrolment known = get(kind, id);
        check(known.enrolment(), known, condition);
        all(kind).remove(RegistrationAddress.key(id));
    }

    private static ProvisioningException notFound(String id) {
        return new ProvisioningException(ProvisioningError.ENROLMENT_NOT_FOUND, "there is no enrolment " + id);
    }

    private static ProvisioningException malformed(String what) {
        return new ProvisioningException(ProvisioningError.MALFORMED, what);
    }
}
