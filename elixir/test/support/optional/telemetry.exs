# By the documentation of telemetry 1.0 to 1.3: handlers run in the process that executes, one that fails is taken away, and the answer
# is always `:ok`.
defmodule :telemetry do
  @moduledoc false

  def attach(id, [_ | _] = event, function, config) when is_function(function, 4) do
    if Map.has_key?(handlers(), id), do: {:error, :already_exists}, else: keep(id, {event, function, config})
  end

  def detach(id) do
    if Map.has_key?(handlers(), id), do: keep(id, nil), else: {:error, :not_found}
  end

  def execute([_ | _] = event, measurements, metadata) when is_map(measurements) and is_map(metadata) do
    true = Enum.all?(event, &is_atom/1)
    for {id, {^event, function, config}} <- handlers(), do: run(id, function, [event, measurements, metadata, config])
    :ok
  end

  defp run(id, function, arguments) do
    apply(function, arguments)
  catch
    _, _ -> detach(id)
  end

  defp handlers, do: :persistent_term.get(__MODULE__, %{})

  defp keep(id, nil), do: :persistent_term.put(__MODULE__, Map.delete(handlers(), id))
  defp keep(id, handler), do: :persistent_term.put(__MODULE__, Map.put(handlers(), id, handler))
end
