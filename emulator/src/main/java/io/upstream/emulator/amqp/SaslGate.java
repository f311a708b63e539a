// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.provisioning.RegistrationAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import org.apache.qpid.proton.engine.Sasl;
import org.apache.qpid.proton.engine.SaslListener;
import org.apache.qpid.proton.engine.Transport;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of the optional SASL layer. ANONYMOUS and MSSBCBS let everyone in, claims follow by CBS; PLAIN carries a token for one
 * identity, with {@code {device}[/{module}]@sas.{hub}} as the user name, or for a registration, with {@code {idScope}/registrations/{id}}.
 */
final class SaslGate implements SaslListener {
    /** EXTERNAL is not offered: client certificates need no SASL layer. */
    private static final String[] MECHANISMS = {"MSSBCBS", "ANONYMOUS", "PLAIN"};

    private static final String USER_INFIX = "@sas.";

    /** Learns of an identity that PLAIN has proved. */
    interface Proof {
        void accepted(HubIdentity identity, Instant expiry);
    }

    private final Hub hub;
    private final @Nullable ProvisioningNode provisioning;
    private final Proof proof;

    SaslGate(Hub hub, @Nullable ProvisioningNode provisioning, Proof proof) {
        this.hub = hub;
        this.provisioning = provisioning;
        this.proof = proof;
    }

    void offer(Sasl sasl) {
        sasl.server();
        sasl.allowSkip(true);
        sasl.setMechanisms(MECHANISMS);
        sasl.setListener(this);
    }

    static boolean refused(Sasl sasl) {
        return sasl.getOutcome() == Sasl.SaslOutcome.PN_SASL_AUTH;
    }

    @Override
    public void onSaslInit(Sasl sasl, Transport transport) {
        String[] chosen = sasl.getRemoteMechanisms();
        String mechanism = chosen.length == 1 ? chosen[0] : "";
        boolean ok = switch (mechanism) {
            case "ANONYMOUS", "MSSBCBS" -> true;
            case "PLAIN" -> plain(read(sasl));
            default -> false;
        };
        sasl.done(ok ? Sasl.SaslOutcome.PN_SASL_OK : Sasl.SaslOutcome.PN_SASL_AUTH);
    }

    private static String read(Sasl sasl) {
        byte[] response = new byte[Math.max(0, sasl.pending())];
        int read = sasl.recv(response, 0, response.length);
        return new String(response, 0, Math.max(0, read), StandardCharsets.UTF_8);
    }

    /** RFC 4616: {@code [authzid] NUL authcid NUL password}. */
    private boolean plain(String response) {
        String[] parts = response.split("\0", -1);
        RegistrationAddress registration = parts.length == 3 ? RegistrationAddress.parse(parts[1]) : null;
        if (registration != null && provisioning != null) {
            return provisioning.admit(registration, parts[2]);
        }
        HubIdentity identity = parts.length == 3 ? identityOf(parts[1]) : null;
        if (identity == null) {
            return false;
        }
        try {
            Instant expiry = hub.authorize(identity, parts[2]);
            proof.accepted(identity, expiry);
            return true;
        } catch (HubException e) {
            return false;
        }
    }

    private @Nullable HubIdentity identityOf(String user) {
        int infix = user.lastIndexOf(USER_INFIX);
        if (infix < 1) {
            return null;
        }
        String hubName = user.substring(infix + USER_INFIX.length()).toLowerCase(Locale.ROOT);
        String hostName = hub.hostName().toLowerCase(Locale.ROOT);
        if (!hubName.equals(hostName) && !hubName.equals(hostName.split("\\.", 2)[0])) {
            return null;
        }
        String[] ids = user.substring(0, infix).split("/", -1);
        return switch (ids.length) {
            case 1 -> HubIdentity.device(ids[0]);
            case 2 -> HubIdentity.module(ids[0], ids[1]);
            default -> null;
        };
    }

    @Override
    public void onSaslResponse(Sasl sasl, Transport transport) {
        sasl.done(Sasl.SaslOutcome.PN_SASL_AUTH); // no mechanism of ours has a second step
    }

    @Override
    public void onSaslMechanisms(Sasl sasl, Transport transport) {}

    @Override
    public void onSaslChallenge(Sasl sasl, Transport transport) {}

    @Override
    public void onSaslOutcome(Sasl sasl, Transport transport) {}
}
