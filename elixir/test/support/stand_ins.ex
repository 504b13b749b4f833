# What the snippets of READMEs use and this package does not depend on. Each has as much of the real thing's contract as they need.
# Where the real one is there (Plug, with Hex), it is used.

unless Code.ensure_loaded?(Plug) do
  # By the documentation of Plug 1.14 to 1.18, of what an app does with `Klime.Plug`.
  defmodule Plug do
    @moduledoc false
    @callback init(term()) :: term()
    @callback call(Plug.Conn.t(), term()) :: Plug.Conn.t()
  end

  defmodule Plug.Conn.AlreadySentError do
    @moduledoc false
    defexception message: "the response was already sent"
  end

  defmodule Plug.Conn do
    @moduledoc false
    @type t :: %__MODULE__{}

    defstruct assigns: %{}, private: %{}, status: nil, resp_body: nil, state: :unset

    @unsent [:unset, :set, :set_chunked, :set_file]

    def register_before_send(%__MODULE__{state: state}, _callback) when state not in @unsent,
      do: raise(Plug.Conn.AlreadySentError)

    def register_before_send(%__MODULE__{} = conn, callback) when is_function(callback, 1),
      do: update_in(conn.private[:before_send], &[callback | &1 || []])

    def send_resp(%__MODULE__{state: state}, _status, _body) when state not in @unsent,
      do: raise(Plug.Conn.AlreadySentError)

    # The callback that was registered last runs first. None may send.
    def send_resp(conn, status, body) do
      conn = %{conn | status: status, resp_body: body, state: :set}
      conn = Enum.reduce(conn.private[:before_send] || [], conn, fn callback, conn -> callback.(conn) end)
      if conn.state != :set, do: raise(ArgumentError, "a callback has sent the response")
      %{conn | resp_body: nil, state: :sent}
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

defmodule Klime.Stand.Optional do
  @moduledoc false
  # What an app may have and this package does without. A stand-in is a script beside this file, so that it is there only while a test
  # wants it.

  @doc "Defines a stand-in, unless the real one is there, and undefines it when the test ends."
  def install(name) do
    if not Code.ensure_loaded?(name) do
      modules = for {module, _} <- Code.compile_file(Path.join([__DIR__, "optional", script(name)])), do: module
      ExUnit.Callbacks.on_exit(fn -> Enum.each(modules, &undefine/1) end)
    end
  end

  @doc "Undefines a module that a test has compiled."
  def undefine(module) do
    :code.purge(module)
    :code.delete(module)
  end

  defp script(:telemetry), do: "telemetry.exs"
  defp script(Jason), do: "jason.exs"
end
