import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import java.io.OutputStream;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** HAPI FHIR's R4 server on a free port of this machine. Prints its base once it answers; ends when its input ends. */
public final class IndependentServer {
    private static final String PATH = "/fhir";

    public static void main(String[] arguments) throws Exception {
        var servlets = new ServletContextHandler();
        servlets.addServlet(new ServletHolder(fhir(new AnnotationConfigApplicationContext(Storage.class))), PATH + "/*");
        var jetty = new Server();
        var connector = new ServerConnector(jetty);
        connector.setHost("127.0.0.1");
        jetty.addConnector(connector);
        jetty.setHandler(servlets);
        jetty.start();
        System.out.println("http://127.0.0.1:" + connector.getLocalPort() + PATH);
        // Whoever started it holds the other end, which closes with that process, however it ends.
        System.in.transferTo(OutputStream.nullOutputStream());
        // Threads of the storage still run; nothing of it is kept.
        Runtime.getRuntime().halt(0);
    }

    private static RestfulServer fhir(ApplicationContext storage) {
        var server = new RestfulServer(storage.getBean(FhirContext.class));
        server.registerProviders(storage.getBean(ResourceProviderFactory.class).createProviders());
        server.registerProvider(storage.getBean(JpaSystemProvider.class));
        server.setPagingProvider(storage.getBean(DatabaseBackedPagingProvider.class));
        return server;
    }
}
