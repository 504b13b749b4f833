defmodule Klime.Options do
  @moduledoc false
  # A client's options: which there are, where they come from, and their types. Bounds are the core's.

  alias Klime.{ConfigurationError, LibraryInfo}

  # What the core is given: a whole number each, times in milliseconds.
  @numbers [
    :flush_interval,
    :max_batch_size,
    :max_queue_size,
    :max_queue_bytes,
    :retry_max_attempts,
    :retry_initial_delay,
    :max_in_flight,
    :connect_timeout,
    :request_timeout
  ]
  @flags [:flush_on_shutdown, :allow_insecure_http]
  @callbacks [
    on_error: {2, "(error, events)"},
    on_success: {1, "(response)"},
    on_drop: {2, "(reason, events)"},
    before_send: {1, "(event)"}
  ]
  @others [:write_key, :endpoint, :overflow, :shutdown_timeout, :disabled, :testing, :name]
  @known @numbers ++ @flags ++ Keyword.keys(@callbacks) ++ @others

  # More than any timer needs, and it fits the core's numbers.
  @most 18_446_744_073_709_551_615

  # A supervisor that stops a client waits for 5 s before it kills it. The client sends for at most 3.5 s of them; then the callbacks
  # have a second (see `Klime.Owner`).
  @longest_stop 3500

  @type t :: %{
          native: map(),
          name: GenServer.name() | nil,
          callbacks: %{optional(atom()) => function()},
          before_send: (Klime.Event.t() -> Klime.Event.t() | nil) | nil,
          testing: boolean(),
          telemetry: boolean(),
          shutdown_timeout: non_neg_integer(),
          stop_timeout: non_neg_integer()
        }

  @doc "Reads options: those given, then those under `config :klime`, then the environment."
  @spec read(keyword()) :: {:ok, t()} | {:error, ConfigurationError.t()}
  def read(given) do
    options = all(given)
    testing = flag(options, :testing) || false
    disabled = disabled?(options, testing)
    callbacks = for {name, {arity, _}} <- @callbacks, fun = callback(options, name, arity), into: %{}, do: {name, fun}
    telemetry = telemetry?()
    told = fn name -> Map.has_key?(callbacks, name) or telemetry end
    shutdown_timeout = number(options, :shutdown_timeout) || 5000

    native =
      Map.merge(Map.new(@numbers, &{&1, number(options, &1)}), Map.new(@flags, &{&1, flag(options, &1)}))
      |> Map.update!(:max_batch_size, &(&1 && min(&1, 100)))
      |> Map.merge(%{
        write_key: write_key(options, disabled or testing),
        library: {LibraryInfo.name(), LibraryInfo.version()},
        endpoint: endpoint(options),
        overflow: overflow(options),
        shutdown_timeout: shutdown_timeout,
        disabled: disabled,
        sends_nowhere: testing,
        tells_success: told.(:on_success),
        tells_error: told.(:on_error),
        tells_drop: told.(:on_drop)
      })

    {:ok,
     %{
       native: native,
       name: name(given, options),
       callbacks: Map.delete(callbacks, :before_send),
       before_send: callbacks[:before_send],
       testing: testing,
       telemetry: telemetry,
       shutdown_timeout: shutdown_timeout,
       stop_timeout: min(shutdown_timeout, @longest_stop)
     }}
  catch
    {:invalid, message} -> {:error, %ConfigurationError{message: message}}
  end

  @doc "Options that are none, given or under `config :klime`, which is most likely a typing mistake."
  @spec unknown(keyword()) :: [atom()]
  def unknown(given) do
    # What the VM itself puts there is no option.
    configured = :klime |> Application.get_all_env() |> Keyword.delete(:included_applications)
    given |> Keyword.merge(configured) |> Keyword.keys() |> Enum.reject(&(&1 in @known))
  end

  @doc "Whether telemetry events are to be executed. It may search the whole code path, so a client asks once, when it starts."
  @spec telemetry?() :: boolean()
  def telemetry?, do: Code.ensure_loaded?(:telemetry) and function_exported?(:telemetry, :execute, 3)

  defp all(given) do
    if Keyword.keyword?(given) do
      # What is nil is not given: a variable of the environment that is not set hides no configuration.
      given = Enum.reject(given, fn {_, value} -> value == nil end)
      :klime |> Application.get_all_env() |> Keyword.take(@known -- [:name]) |> Keyword.merge(given)
    else
      invalid("options are #{type(given)}, they must be a keyword list")
    end
  end

  # A client that is started without options is the one of `config :klime`.
  defp name([], _options), do: :klime |> Application.get_env(:name, :klime) |> checked_name()
  defp name(_given, options), do: checked_name(options[:name])

  defp checked_name(name) when is_atom(name) and not is_boolean(name), do: name
  defp checked_name({:global, _} = name), do: name
  defp checked_name({:via, module, _} = name) when is_atom(module), do: name

  defp checked_name(name),
    do: invalid("name is #{inspect(name)}, it must be an atom, {:global, term} or {:via, module, term}")

  defp write_key(options, is_optional) do
    case options[:write_key] do
      key when key in [nil, ""] -> if is_optional, do: unused(), else: invalid("write_key is required")
      key when is_binary(key) -> if blank?(utf8(:write_key, key)), do: invalid("write_key is required"), else: key
      other -> invalid("write_key is #{type(other)}, it must be a string")
    end
  end

  # Of a client that sends nothing.
  defp unused, do: "unused"

  defp blank?(text), do: String.trim(text) == ""

  # The bytes may be a secret, and are not shown.
  defp utf8(name, text) do
    if String.valid?(text), do: text, else: invalid("#{name} is not valid UTF-8")
  end

  defp endpoint(options) do
    case options[:endpoint] || System.get_env("KLIME_ENDPOINT") do
      nil -> nil
      text when is_binary(text) -> if blank?(utf8(:endpoint, text)), do: nil, else: String.trim(text)
      other -> invalid("endpoint is #{type(other)}, it must be a string")
    end
  end

  defp overflow(options) do
    case options[:overflow] do
      nil -> nil
      overflow when overflow in [:drop_oldest, :drop_newest] -> Atom.to_string(overflow)
      other -> invalid("overflow is #{inspect(other)}, it must be :drop_oldest or :drop_newest")
    end
  end

  # Who asks for the test mode wants to see events, whatever the environment says of where it runs.
  defp disabled?(options, testing) do
    case flag(options, :disabled) do
      nil -> not testing and disabled_by_environment?(System.get_env("KLIME_DISABLED", ""))
      disabled -> disabled
    end
  end

  defp disabled_by_environment?(text) do
    case String.trim(text) do
      off when off in ["", "0", "false"] -> false
      on when on in ["1", "true"] -> true
      other -> invalid("KLIME_DISABLED is #{inspect(other)}, it must be 1 or 0")
    end
  end

  defp number(options, name) do
    case options[name] do
      nil -> nil
      number when is_integer(number) and number >= 0 -> min(number, @most)
      other -> invalid("#{name} is #{inspect(other)}, it must be a whole number#{unit(name)}")
    end
  end

  defp unit(name)
       when name in [:flush_interval, :retry_initial_delay, :connect_timeout, :request_timeout, :shutdown_timeout],
       do: " of milliseconds"

  defp unit(_name), do: ""

  defp flag(options, name) do
    case options[name] do
      flag when flag in [nil, true, false] -> flag
      other -> invalid("#{name} is #{inspect(other)}, it must be true or false")
    end
  end

  defp callback(options, name, arity) do
    case options[name] do
      nil -> nil
      fun when is_function(fun, arity) -> fun
      other -> invalid("#{name} is #{inspect(other)}, it must be a function #{elem(@callbacks[name], 1)}")
    end
  end

  # Of what may be secret only the type is shown.
  defp type(term) when is_map(term), do: "a map"
  defp type(term) when is_list(term), do: "a list"
  defp type(term) when is_atom(term), do: "an atom"
  defp type(term) when is_number(term), do: "a number"
  defp type(term) when is_binary(term), do: "a string"
  defp type(_term), do: "a term of another type"

  defp invalid(message), do: throw({:invalid, message})
end
