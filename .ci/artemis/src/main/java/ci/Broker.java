// SPDX-License-Identifier: Apache-2.0
package ci;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.apache.activemq.artemis.api.core.Message;
import org.apache.activemq.artemis.core.config.Configuration;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.security.CheckType;
import org.apache.activemq.artemis.core.security.Role;
import org.apache.activemq.artemis.core.server.ServerSession;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.core.server.plugin.ActiveMQServerMessagePlugin;
import org.apache.activemq.artemis.core.settings.impl.AddressSettings;
import org.apache.activemq.artemis.core.transaction.Transaction;
import org.apache.activemq.artemis.protocol.amqp.broker.AMQPStandardMessage;
import org.apache.activemq.artemis.spi.core.security.ActiveMQSecurityManager;
import org.apache.qpid.proton.amqp.messaging.Data;

/** An AMQP broker on loopback with TLS that writes the body of each message, one a line. Arguments: port, user:password or -, PKCS#12 file, output file. */
public final class Broker {
    public static void main(String[] args) throws Exception {
        String account = args[1];
        boolean secured = !account.equals("-");
        Configuration configuration = new ConfigurationImpl()
                .setPersistenceEnabled(false)
                .setSecurityEnabled(secured)
                .setJMXManagementEnabled(false)
                .addAcceptorConfiguration(
                        "amqp",
                        "tcp://127.0.0.1:" + args[0] + "?protocols=AMQP;sslEnabled=true;keyStoreType=PKCS12;keyStorePath="
                                + args[2] + ";keyStorePassword=changeit")
                .addAddressSetting("#", new AddressSettings().setAutoCreateAddresses(true).setAutoCreateQueues(true));
        EmbeddedActiveMQ broker = new EmbeddedActiveMQ().setConfiguration(configuration);
        if (secured) {
            broker.setSecurityManager(new OneAccount(account));
        }
        broker.start();
        broker.getActiveMQServer().registerBrokerPlugin(new Recorder(Path.of(args[3])));
        System.out.println("ready");
        System.out.flush();
        Thread.currentThread().join();
    }

    private record OneAccount(String account) implements ActiveMQSecurityManager {
        @Override
        public boolean validateUser(String user, String password) {
            return account.equals(user + ":" + password);
        }

        @Override
        public boolean validateUserAndRole(String user, String password, Set<Role> roles, CheckType checkType) {
            return validateUser(user, password);
        }
    }

    private record Recorder(Path file) implements ActiveMQServerMessagePlugin {
        @Override
        public synchronized void beforeSend(
                ServerSession session, Transaction tx, Message message, boolean direct, boolean noAutoCreateQueue) {
            if (!(message instanceof AMQPStandardMessage amqp) || !(amqp.getBody() instanceof Data data)) {
                return;
            }
            try (OutputStream out = Files.newOutputStream(
                    file, java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND)) {
                out.write(data.getValue().getArray(), data.getValue().getArrayOffset(), data.getValue().getLength());
                out.write('\n');
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
