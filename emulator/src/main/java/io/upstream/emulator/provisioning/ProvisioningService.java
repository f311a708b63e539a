// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.hub.JsonText;
import io.upstream.emulator.hub.Precondition;
import io.upstream.emulator.provisioning.Attestation.SymmetricKeys;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The service with all it knows. A registration is decided when it arrives; the device learns of the outcome when it has asked as often as
 * {@link #polls} says. Thread-safe.
 */
public final class ProvisioningService implements Provisioning {
    /** What the service is called unless told otherwise. */
    public static final String DEFAULT_ID_SCOPE = "0ne00000001";

    private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

    private final String idScope;
    private final Clock clock;
    private final Enrolments enrolments;
    private final Gate gate;
    private final Assignment assignment;
    private final Registrations registrations;
    private final Object lock = new Object();
    private volatile int polls = 1;
    private volatile Duration retryAfter = RETRY_AFTER;
    private volatile ProvisioningThrottle throttle = ProvisioningThrottle.NONE;
    private volatile Allocator allocator = Allocator.BY_PLAN;

    /** A service without enrolments, by the hub's clock. */
    public ProvisioningService(HubCore hub, String idScope) {
        this.idScope = idScope;
        this.clock = hub.clock();
        this.enrolments = new Enrolments(clock);
        this.gate = new Gate(idScope, enrolments, clock);
        this.assignment = new Assignment(hub);
        this.registrations = new Registrations(clock);
    }

    /** By which clients address this service. */
    public String idScope() {
        return idScope;
    }

    // Enrolments

    /** Enrols a device with keys of the service's making, or keeps those it has. */
    public StoredEnrolment enrol(String registrationId) {
        return enrol(Enrolment.device(registrationId, SymmetricKeys.OF_THE_SERVICE));
    }

    /**
     * Enrols a device, or changes its enrolment.
     *
     * @param key its primary key: base64 of 16 to 64 bytes
     */
    public StoredEnrolment enrol(String registrationId, String key) {
        return enrol(Enrolment.device(registrationId, new SymmetricKeys(key, "")));
    }

    /** Enrols a group with keys of the service's making, or keeps those it has; {@link DeviceKeys} makes those of its devices. */
    public StoredEnrolment enrolGroup(String name) {
        return enrol(Enrolment.group(name, SymmetricKeys.OF_THE_SERVICE));
    }

    /** As {@link #enrol(String, String)}, a group. */
    public StoredEnrolment enrolGroup(String name, String key) {
        return enrol(Enrolment.group(name, new SymmetricKeys(key, "")));
    }

    /** Enrols a device or a group, or changes the enrolment. */
    public StoredEnrolment enrol(Enrolment enrolment) {
        try {
            return put(enrolment, Precondition.NONE);
        } catch (ProvisioningException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** As {@link #enrol(Enrolment)}, if it is as the condition demands. */
    public StoredEnrolment put(Enrolment enrolment, Precondition condition) throws ProvisioningException {
        return enrolments.put(enrolment, condition);
    }

    public StoredEnrolment get(Enrolment.Kind kind, String id) throws ProvisioningException {
        return enrolments.get(kind, id);
    }

    /** All enrolments of a kind, by id. */
    public List<StoredEnrolment> enrolments(Enrolment.Kind kind) {
        return enrolments.list(kind);
    }

    /** Ends an enrolment: its devices cannot register any more. What is registered stays, at the hub, too. */
    public void remove(Enrolment.Kind kind, String id) throws ProvisioningException {
        remove(kind, id, Precondition.NONE);
    }

    /** As {@link #remove(Enrolment.Kind, String)}, if it is as the condition demands. */
    public void remove(Enrolment.Kind kind, String id, Precondition condition) throws ProvisioningException {
        enrolments.remove(kind, id, condition);
    }

    // Registrations

    /** All that has registered, in no order. */
    public List<Registration> registrations() {
        synchronized (lock) {
            return registrations.list();
        }
    }

    public Optional<Registration> registration(String registrationId) {
        synchronized (lock) {
            return Optional.ofNullable(registrations.find(registrationId)).map(Registrations.Entry::registration);
        }
    }

    /** Forgets that a device has registered; false if it has not. The device stays at the hub. */
    public boolean forget(String registrationId) {
        synchronized (lock) {
            return registrations.remove(registrationId);
        }
    }

    // Behaviour

    /** How often a device must ask until it learns of the outcome; 1 to begin with, 0 to tell at once. */
    public void polls(int count) {
        if (count < 0) {
            throw new IllegalArgumentException("the number of polls must not be negative, was " + count);
        }
        this.polls = count;
    }

    /** After how many whole seconds a device shall ask again; 2 to begin with. */
    public void retryAfter(Duration delay) {
        if (delay.isNegative()) {
            throw new IllegalArgumentException("a delay must not be negative, was " + delay);
        }
        this.retryAfter = delay;
    }

    /** Lets this decide from now on which requests are too many; {@link ProvisioningThrottle#NONE} to begin with. */
    public void throttle(ProvisioningThrottle decision) {
        this.throttle = decision;
    }

    /** Lets this decide from now on what devices become; {@link Allocator#BY_PLAN} to begin with. */
    public void allocateBy(Allocator decision) {
        this.allocator = decision;
    }

    // Devices

    @Override
    public Admission admit(RegistrationAddress address, String sasToken) throws ProvisioningException {
        return gate.admit(address, sasToken);
    }

    @Override
    public Admission admit(RegistrationAddress address, X509Certificate... chain) throws ProvisioningException {
        return gate.admit(address, List.of(chain));
    }

    @Override
    public ProvisioningAnswer register(Admission admission, byte[] request) throws ProvisioningException {
        requireWelcome(admission);
        RegistrationRequest read = RegistrationRequest.read(admission.registrationId(), request);
        Enrolment enrolment = enrolments
                .get(admission.enrolmentKind(), admission.enrolmentId())
                .enrolment();
        synchronized (lock) {
            Registrations.Entry before = registrations.find(admission.registrationId());
            Outcome outcome = decide(admission, enrolment, read, before);
            return answer(registrations.put(admission, outcome, read.payload(), polls), admission);
        }
    }

    private Outcome decide(
            Admission admission,
            Enrolment enrolment,
            RegistrationRequest request,
            Registrations.@Nullable Entry before) {
        if (enrolment.status() == IdentityStatus.DISABLED) {
            return Outcome.disabled();
        }
        try {
            Allocator.Allocation allocation =
                    allocator.allocate(new Allocator.Request(admission.registrationId(), enrolment, request.payload()));
            return assignment.assign(
                    admission,
                    enrolment.plan(),
                    allocation,
                    before == null ? null : before.registration().outcome());
        } catch (ProvisioningException e) {
            return Outcome.failed(e.error().code(), String.valueOf(e.getMessage()));
        }
    }

    private ProvisioningAnswer answer(Registrations.Entry entry, Admission admission) {
        boolean ended = entry.ended();
        ObjectNode json = ended
                ? RegistrationJson.ended(entry.operationId(), entry.registration(), admission.certificate())
                : RegistrationJson.assigning(entry.operationId());
        return new ProvisioningAnswer(ended ? 200 : 202, ended ? null : retryAfter, JsonText.write(json));
    }

    @Override
    public ProvisioningAnswer operation(Admission admission, String operationId) throws ProvisioningException {
        requireWelcome(admission);
        synchronized (lock) {
            Registrations.Entry entry = registrations.find(admission.registrationId());
            if (entry == null || !entry.operationId().equals(operationId)) {
                throw new ProvisioningException(
                        ProvisioningError.REGISTRATION_NOT_FOUND,
                        "there is no such operation of " + admission.registrationId());
            }
            entry.poll();
            return answer(entry, admission);
        }
    }

    @Override
    public ProvisioningAnswer lookUp(Admission admission) throws ProvisioningException {
        requireWelcome(admission);
        Registration found = registration(admission.registrationId())
                .orElseThrow(() -> new ProvisioningException(
                        ProvisioningError.REGISTRATION_NOT_FOUND, admission.registrationId() + " has not registered"));
        ObjectNode json = RegistrationJson.state(found, admission.certificate());
        return new ProvisioningAnswer(200, null, JsonText.write(json));
    }

    private void requireWelcome(Admission admission) throws ProvisioningException {
        if (!admission.end().isAfter(clock.instant())) {
            throw new ProvisioningException(
                    ProvisioningError.UNAUTHORIZED,
                    "what let " + admission.registrationId() + " in has ended at " + admission.end());
        }
        throttle.admit(admission.registrationId());
    }
}
