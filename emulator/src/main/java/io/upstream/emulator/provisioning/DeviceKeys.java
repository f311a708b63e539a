// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The keys of devices that are enrolled as a group. */
public final class DeviceKeys {
    private DeviceKeys() {}

    /**
     * The key of one device: HMAC-SHA256 of its registration id under the group's key.
     *
     * @param groupKey base64
     * @param registrationId exactly as the device will give it, also in the case of its letters
     * @return base64, a secret
     * @see <a href="https://learn.microsoft.com/azure/iot-dps/concepts-symmetric-key-attestation#group-enrollments">Symmetric key
     *     attestation, group enrollments</a>
     */
    public static String derive(String groupKey, String registrationId) {
        byte[] key = Base64.getDecoder().decode(groupKey);
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return Base64.getEncoder().encodeToString(mac.doFinal(registrationId.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the JVM has no HmacSHA256", e);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }
}
