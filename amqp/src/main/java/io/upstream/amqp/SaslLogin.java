// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.FailureKind;
import io.upstream.UserPassword;
import io.upstream.connect.Failures;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.qpid.proton.engine.Sasl;
import org.apache.qpid.proton.engine.SaslListener;
import org.apache.qpid.proton.engine.Transport;
import org.jspecify.annotations.Nullable;

/**
 * Our side of SASL (RFC 4422): waits for the offer, so that a refusal can say what was offered, then PLAIN or ANONYMOUS. The library
 * itself goes on after a refusal, so the outcome is looked at here.
 */
final class SaslLogin implements SaslListener {
    private final @Nullable UserPassword login;
    private final Refusals refusals;
    private Step step = Step.WAITS_FOR_OFFER;

    private enum Step {
        WAITS_FOR_OFFER,
        WAITS_FOR_OUTCOME,
        DONE
    }

    /** Told of the end when it is not a success. */
    @FunctionalInterface
    interface Refusals {
        void refused(FailureKind kind, String what);
    }

    SaslLogin(@Nullable UserPassword login, Refusals refusals) {
        this.login = login;
        this.refusals = refusals;
    }

    void start(Sasl sasl, String hostname) {
        sasl.client();
        sasl.setRemoteHostname(hostname);
        sasl.setListener(this);
    }

    @Override
    public void onSaslMechanisms(Sasl sasl, Transport transport) {
        require(Step.WAITS_FOR_OFFER);
        step = Step.WAITS_FOR_OUTCOME;
        List<String> offered = List.of(sasl.getRemoteMechanisms());
        String wanted = login == null ? "ANONYMOUS" : "PLAIN";
        if (!offered.contains(wanted)) {
            refusals.refused(
                    FailureKind.UNAUTHORIZED,
                    "does not offer SASL " + wanted + ", only " + Failures.printable(String.join(", ", offered))
                            + ": use another kind of credentials");
        } else {
            sasl.setMechanisms(wanted);
            if (login != null) {
                byte[] response = plain(login);
                sasl.send(response, 0, response.length);
            }
        }
    }

    /** RFC 4616. The library's own {@code plain} insists on being called before the offer. */
    private static byte[] plain(UserPassword login) {
        return ("\0" + login.user() + "\0" + login.password()).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void onSaslOutcome(Sasl sasl, Transport transport) {
        require(Step.WAITS_FOR_OUTCOME);
        step = Step.DONE;
        switch (sasl.getOutcome()) {
            case PN_SASL_OK -> {}
            case PN_SASL_AUTH ->
                refusals.refused(
                        FailureKind.UNAUTHORIZED,
                        "refused the SASL login: check the user name and the password, or whether it allows none");
            case PN_SASL_TEMP ->
                refusals.refused(FailureKind.SERVER_ERROR, "cannot check the SASL login now: try again later");
            default -> refusals.refused(FailureKind.SERVER_ERROR, "failed to check the SASL login");
        }
    }

    @Override
    public void onSaslChallenge(Sasl sasl, Transport transport) {
        throw new Violation("sent a SASL challenge, which neither PLAIN nor ANONYMOUS has");
    }

    @Override
    public void onSaslInit(Sasl sasl, Transport transport) {
        throw new Violation("sent a SASL frame that only a client may send");
    }

    @Override
    public void onSaslResponse(Sasl sasl, Transport transport) {
        throw new Violation("sent a SASL frame that only a client may send");
    }

    private void require(Step wanted) {
        if (step != wanted) {
            throw new Violation("sent SASL frames out of order");
        }
    }
}
