# What the snippets of READMEs use and this package does not depend on. Each has as much of the real thing's contract as they need.
# Where the real one is there (Plug, with Hex), it is used.

unless Code.ensure_loaded?(Plug) do
  defmodule Plug do
    @moduledoc false
    @callback init(term()) :: term()
    @callback call(Plug.Conn.t(), term()) :: Plug.Conn.t()
  end

  defmodule Plug.Conn do
    @moduledoc false
    @type t :: %__MODULE__{}

    defstruct assigns: %{}, before_send: [], status: nil, resp_body: nil, state: :unset

    def register_before_send(%__MODULE__{state: :sent}, _callback), do: raise("the response was sent already")
    def register_before_send(conn, callback), do: %{conn | before_send: [callback | conn.before_send]}

    # As in Plug, the one that was registered last runs first.
    def send_resp(conn, status, body) do
      conn =
        Enum.reduce(conn.before_send, %{conn | status: status, resp_body: body}, fn callback, conn ->
          callback.(conn)
        end)

      %{conn | state: :sent}
    end
  end
end

defmodule Klime.Stand.Router do
  @moduledoc false
  # The part of `Plug.Router` and of a Phoenix endpoint that says which plugs a request goes through.

  defmacro __using__(_options) do
    quote do
      import Klime.Stand.Router, only: [plug: 2]
      Module.register_attribute(__MODULE__, :plugs, accumulate: true)
      @before_compile Klime.Stand.Router
    end
  end

  defmacro plug(module, options) do
    quote do
      @plugs {unquote(module), unquote(module).init(unquote(options))}
    end
  end

  defmacro __before_compile__(_env) do
    quote do
      def call(conn),
        do: @plugs |> Enum.reverse() |> Enum.reduce(conn, fn {plug, options}, conn -> plug.call(conn, options) end)
    end
  end
end

defmodule Klime.Stand.JSONResponse do
  @moduledoc false
  # `json/2` of `Phoenix.Controller`.
  def json(conn, body), do: Plug.Conn.send_resp(conn, 200, body)
end

defmodule MyAppWeb do
  @moduledoc false

  def controller, do: quote(do: import(Klime.Stand.JSONResponse))
  def live_view, do: quote(do: import(Klime.Stand.Handlers, warn: false))

  defmacro __using__(which), do: apply(__MODULE__, which, [])
end

defmodule MyAppWeb.Endpoint do
  @moduledoc false
  # Serves a last request while it stops, as an endpoint that drains its connections does.
  use GenServer

  def start_link(options), do: GenServer.start_link(__MODULE__, options, name: __MODULE__)

  @impl true
  def init(options) do
    Process.flag(:trap_exit, true)
    {:ok, options}
  end

  @impl true
  def terminate(_reason, _options), do: Klime.track(Klime, "Last Request", %{}, user_id: "user_123")
end

defmodule Sentry do
  @moduledoc false
  # Tells the process that is registered as `Sentry`.
  def capture_exception(error) when is_exception(error) do
    if Process.whereis(Sentry), do: send(Sentry, {:sentry, error})
    {:ok, "event-id"}
  end
end

defmodule Klime.Stand.Telemetry do
  @moduledoc false
  # `:telemetry`, for the tests that want it there. It tells all processes that listen.

  def install do
    if not Code.ensure_loaded?(:telemetry) do
      contents =
        quote do
          def execute(name, measurements, metadata) do
            for {pid, _} <- Registry.lookup(Klime.Stand.Telemetry, :listening),
                do: send(pid, {:telemetry, name, measurements, metadata})

            :ok
          end
        end

      Module.create(:telemetry, contents, Macro.Env.location(__ENV__))
    end

    {:ok, _} = Registry.start_link(keys: :duplicate, name: __MODULE__)
  end

  def uninstall do
    :code.purge(:telemetry)
    :code.delete(:telemetry)
  end

  def listen, do: {:ok, _} = Registry.register(__MODULE__, :listening, nil)
end
