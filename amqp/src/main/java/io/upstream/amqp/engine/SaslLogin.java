// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.upstream.FailureKind;
import io.upstream.UserPassword;
import io.upstream.connect.Failures;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Our side of SASL (RFC 4422): waits for the offer, so that a refusal can say what was offered, then PLAIN or ANONYMOUS. */
final class SaslLogin {
    private final @Nullable UserPassword login;
    private final String hostname;
    private final Verdict verdict;
    private Step step = Step.WAITS_FOR_OFFER;

    private enum Step {
        WAITS_FOR_OFFER,
        WAITS_FOR_OUTCOME,
        DONE
    }

    /** Told of the end, once. */
    interface Verdict {
        void welcome();

        void refused(FailureKind kind, String what);
    }

    SaslLogin(Opening opening, Verdict verdict) {
        this.login = opening.login() instanceof Opening.Plain plain ? plain.login() : null;
        this.hostname = opening.hostname();
        this.verdict = verdict;
    }

    /** Reads the body of one SASL frame. */
    void on(int code, Fields fields, ColdFrames out) {
        switch (code) {
            case Performative.SASL_MECHANISMS -> offered(fields.symbols(), out);
            case Performative.SASL_OUTCOME -> decided(fields.ubyte(Fields.ABSENT));
            case Performative.SASL_CHALLENGE ->
                throw Violation.illegal("sent a SASL challenge, which neither PLAIN nor ANONYMOUS has");
            default -> throw Violation.illegal("sent a SASL frame that only a client may send");
        }
    }

    private void offered(List<String> mechanisms, ColdFrames out) {
        advance(Step.WAITS_FOR_OFFER, Step.WAITS_FOR_OUTCOME);
        String wanted = login == null ? "ANONYMOUS" : "PLAIN";
        if (!mechanisms.contains(wanted)) {
            verdict.refused(
                    FailureKind.UNAUTHORIZED,
                    "does not offer SASL " + wanted + ", only " + Failures.printable(String.join(", ", mechanisms))
                            + ": use another kind of credentials");
            return;
        }
        out.saslInit(wanted, login == null ? null : plain(login), hostname);
    }

    /** RFC 4616. */
    private static byte[] plain(UserPassword login) {
        return ("\0" + login.user() + "\0" + login.password()).getBytes(StandardCharsets.UTF_8);
    }

    private void decided(int code) {
        advance(Step.WAITS_FOR_OUTCOME, Step.DONE);
        switch (code) {
            case 0 -> verdict.welcome();
            case 1 ->
                verdict.refused(
                        FailureKind.UNAUTHORIZED,
                        "refused the SASL login: check the user name and the password, or whether it allows none");
            case 4 -> verdict.refused(FailureKind.SERVER_ERROR, "cannot check the SASL login now: try again later");
            case 2, 3 -> verdict.refused(FailureKind.SERVER_ERROR, "failed to check the SASL login");
            default -> throw Violation.invalid("sent a SASL outcome that does not exist");
        }
    }

    private void advance(Step from, Step to) {
        if (step != from) {
            throw Violation.illegal("sent SASL frames out of order");
        }
        step = to;
    }
}
