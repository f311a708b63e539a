// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The hub itself: registry, credentials, telemetry, cloud-to-device queues, twins, direct methods and who is connected. It keeps everything in memory
 * and owns no thread: whoever runs it calls {@link #sweep} a few times a second. Safe for use by any thread.
 */
public final class HubCore extends ServiceSide implements Hub {
    private final String hostName;
    private final Gatekeeper gate;
    private final TelemetryIntake intake;
    private final TelemetryStore telemetry;
    private volatile Throttle throttle = Throttle.NONE;

    /**
     * A hub without devices.
     *
     * @param hostName the name that tokens and user names must carry
     * @param tokenGrace how long a connection may outlive its token; a new connection never may
     */
    public HubCore(String hostName, Clock clock, Duration tokenGrace) {
        this(hostName, clock, tokenGrace, ServicePolicy.create(), TelemetryStore.MAX_MESSAGES);
    }

    /**
     * As {@link #HubCore(String, Clock, Duration)}.
     *
     * @param policy whose keys services know
     * @param keptMessages how much telemetry is kept at most
     */
    public HubCore(String hostName, Clock clock, Duration tokenGrace, ServicePolicy policy, int keptMessages) {
        super(clock);
        this.hostName = hostName;
        this.gate = new Gatekeeper(hostName, clock, tokenGrace, policy, registry);
        this.telemetry = new TelemetryStore(clock, keptMessages, TelemetryStore.MAX_BYTES);
        this.intake = new TelemetryIntake(registry, attendance, telemetry);
    }

    @Override
    public String hostName() {
        return hostName;
    }

    public TelemetryStore telemetry() {
        return telemetry;
    }

    // Credentials

    /** Whose devices come in by certificate. */
    public TrustedAuthorities authorities() {
        return gate.authorities();
    }

    /** By whose keys services come in. */
    public ServicePolicy policy() {
        return gate.policy();
    }

    @Override
    public Instant authorize(HubIdentity identity, String sasToken) throws HubException {
        attendance.faults().requireCredible(identity);
        return gate.authorize(identity, sasToken);
    }

    @Override
    public Instant authorize(HubIdentity identity, X509Certificate... chain) throws HubException {
        attendance.faults().requireCredible(identity);
        return gate.authorize(identity, List.of(chain));
    }

    @Override
    public Grant readToken(String sasToken) throws HubException {
        Grant grant = gate.readToken(sasToken);
        attendance.faults().requireCredible(grant.identity());
        return grant;
    }

    /** Checks that a token speaks for a service: it is for the whole hub and a key of the policy has signed it. */
    public void authorizeService(String sasToken) throws HubException {
        gate.authorizeService(sasToken);
    }

    @Override
    public void requireEnabled(HubIdentity identity) throws HubException {
        registry.requireEnabled(identity);
    }

    @Override
    public Presence connect(HubIdentity identity, String protocol, Consumer<Ending> end) {
        return attendance.connect(identity, protocol, end);
    }

    @Override
    public Presence openTelemetry(HubIdentity identity, Runnable replaced) {
        return attendance.openTelemetry(identity, replaced);
    }

    @Override
    public @Nullable Ending ending(HubIdentity identity) {
        return attendance.faults().ending(identity);
    }

    @Override
    public boolean suffers(HubIdentity identity, FaultKind kind) {
        return attendance.faults().isActive(identity, kind);
    }

    // Telemetry

    @Override
    public Receipt take(HubIdentity from, List<HubMessage> batch) throws HubException {
        return intake.take(from, batch, throttle);
    }

    /** Takes one telemetry message, in which no fault is looked for. Returns its sequence number, from 1 on. */
    public long accept(HubIdentity from, HubMessage message) throws HubException {
        return accept(from, List.of(message));
    }

    /** As {@link #accept(HubIdentity, HubMessage)}, all of these messages or none. Returns the last one's sequence number. */
    public long accept(HubIdentity from, List<HubMessage> batch) throws HubException {
        return intake.keep(from, batch, throttle);
    }

    // Cloud to device

    @Override
    public Presence receiveCloudMessages(HubIdentity identity, Consumer<CloudDelivery> receiver, Runnable replaced) {
        return queues.receive(identity, receiver, replaced);
    }

    @Override
    public Presence receiveInputs(HubIdentity module, Consumer<CloudDelivery> receiver, Runnable replaced) {
        return queues.receiveInputs(module, receiver, replaced);
    }

    // Twins

    @Override
    public ObjectNode deviceTwin(HubIdentity identity) throws HubException {
        admit(identity, Throttle.Operation.TWIN_READ);
        return twins.of(identity).deviceView();
    }

    @Override
    public long report(HubIdentity identity, ObjectNode patch, OptionalLong baseVersion) throws HubException {
        admit(identity, Throttle.Operation.TWIN_UPDATE);
        return twins.of(identity).report(patch, baseVersion);
    }

    private void admit(HubIdentity identity, Throttle.Operation operation) throws HubException {
        registry.requireEnabled(identity);
        attendance.faults().admit(identity, operation);
        throttle.admit(identity, operation);
    }

    @Override
    public void followModel(HubIdentity identity, String modelId) {
        twins.of(identity).followModel(modelId);
    }

    @Override
    public Presence receiveDesiredChanges(HubIdentity identity, Consumer<DesiredChange> receiver, Runnable replaced) {
        return twins.of(identity).listen(receiver, replaced);
    }

    // Direct methods

    @Override
    public Presence receiveMethods(HubIdentity identity, Consumer<MethodRequest> receiver, Runnable replaced) {
        return methods.receive(identity, receiver, replaced);
    }

    @Override
    public boolean answerMethod(HubIdentity identity, UUID id, MethodAnswer answer) throws HubException {
        return methods.answer(identity, id, answer);
    }

    // Limits, faults and time

    /**
     * Lets this go wrong from now on, in place of whatever goes wrong for the identity already.
     *
     * @throws HubException if the identity is not registered
     */
    public void inject(HubIdentity identity, Fault fault) throws HubException {
        registry.get(identity);
        attendance.faults().inject(identity, fault);
    }

    /** Ends what goes wrong for the identity, if anything does. */
    public void endFault(HubIdentity identity) {
        attendance.faults().clear(identity);
    }

    /** Lets this decide from now on which operations are too many; {@link Throttle#NONE} to begin with. */
    public void throttle(Throttle decision) {
        this.throttle = decision;
    }

    /** Lets lapsed locks, expired messages, the timeouts of methods and the times of faults take effect. */
    public void sweep() {
        attendance.faults().sweep();
        queues.sweep();
        methods.sweep();
    }
}
