// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.TrustedAuthorities;
import io.upstream.emulator.tls.PemCertificates;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whose devices come in by certificate. The hub itself has this in its management API, not in its service API. */
final class CertificateRequests {
    private static final int CERTIFICATE_NOT_FOUND = 404_000;

    private final TrustedAuthorities authorities;

    CertificateRequests(TrustedAuthorities authorities) {
        this.authorities = authorities;
    }

    /** Gives {@code null} for another method, as {@link #answer} does. */
    @Nullable
    FullHttpResponse list(HttpMethod method) {
        if (!method.equals(HttpMethod.GET)) {
            return null;
        }
        ArrayNode all = JsonNodeFactory.instance.arrayNode();
        authorities.all().forEach((name, each) -> all.add(write(name, each)));
        return Replies.json(HttpResponseStatus.OK, all);
    }

    @Nullable
    FullHttpResponse answer(HttpMethod method, String name, FullHttpRequest request) throws HubException {
        if (method.equals(HttpMethod.PUT)) {
            authorities.put(name, read(request));
        } else if (method.equals(HttpMethod.DELETE)) {
            return authorities.remove(name) ? Replies.noContent() : unknown(name);
        } else if (!method.equals(HttpMethod.GET)) {
            return null;
        }
        X509Certificate found = authorities.get(name);
        return found == null ? unknown(name) : Replies.json(HttpResponseStatus.OK, write(name, found));
    }

    private static X509Certificate read(FullHttpRequest request) throws HubException {
        try {
            List<X509Certificate> given = PemCertificates.parse(ByteBufUtil.getBytes(request.content()));
            if (given.size() == 1) {
                return given.get(0);
            }
        } catch (CertificateException e) {
            throw new HubException(HubError.MALFORMED, "the body is not a certificate in PEM");
        }
        throw new HubException(HubError.MALFORMED, "the body must be one certificate, each authority has its own name");
    }

    private static FullHttpResponse unknown(String name) {
        return Replies.error(
                HttpResponseStatus.NOT_FOUND, CERTIFICATE_NOT_FOUND, "the hub trusts no authority called " + name);
    }

    private static ObjectNode write(String name, X509Certificate certificate) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("name", name)
                .put("subject", certificate.getSubjectX500Principal().getName())
                .put("notAfter", certificate.getNotAfter().toInstant().toString());
    }
}
