// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What has registered, and each one's latest operation. Confined to its service's lock. */
final class Registrations {
    static final int MAX = 1_000_000;

    private final Clock clock;
    private final Map<String, Entry> entries = new HashMap<>();

    /** A registration and the operation by which it came about. */
    static final class Entry {
        private final Registration registration;
        private final String operationId;
        private int pollsLeft;

        private Entry(Registration registration, String operationId, int pollsLeft) {
            this.registration = registration;
            this.operationId = operationId;
            this.pollsLeft = pollsLeft;
        }

        Registration registration() {
            return registration;
        }

        String operationId() {
            return operationId;
        }

        boolean ended() {
            return pollsLeft == 0;
        }

        /** Counts a question of the client. */
        void poll() {
            pollsLeft = Math.max(0, pollsLeft - 1);
        }
    }

    Registrations(Clock clock) {
        this.clock = clock;
    }

    /** @param polls how often the client must ask until it learns of the outcome */
    Entry put(Admission admission, Outcome outcome, @Nullable JsonNode payload, int polls)
            throws ProvisioningException {
        String key = RegistrationAddress.key(admission.registrationId());
        Entry known = entries.get(key);
        if (known == null && entries.size() >= MAX) {
            throw new ProvisioningException(
                    ProvisioningError.QUOTA_EXCEEDED, "the service holds " + MAX + " registrations already");
        }
        Instant now = clock.instant();
        Registration registration = new Registration(
                admission.registrationId(),
                admission.enrolmentKind() == Enrolment.Kind.GROUP ? admission.enrolmentId() : "",
                outcome,
                payload,
                known == null ? now : known.registration.created(),
                now,
                known == null ? 1 : known.registration.version() + 1);
        // As the real service's look, with which some clients have their ways: 4.{16 digits}.{guid}
        String operationId = "4." + String.format("%016x", key.hashCode() & 0xFFFFFFFFL) + "." + UUID.randomUUID();
        Entry entry = new Entry(registration, operationId, polls);
        entries.put(key, entry);
        return entry;
    }

    @Nullable
    Entry find(String registrationId) {
        return entries.get(RegistrationAddress.key(registrationId));
    }

    boolean remove(String registrationId) {
        return entries.remove(RegistrationAddress.key(registrationId)) != null;
    }

    List<Registration> list() {
        return entries.values().stream().map(Entry::registration).toList();
    }
}
