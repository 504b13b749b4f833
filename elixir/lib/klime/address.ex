defmodule Klime.Address do
  @moduledoc false
  # Where a client is, and reaching it there. No process is sent a message of klime's before it is known to own a client.

  alias Klime.Native

  # The longest time that the VM can be given, in milliseconds. A longer one is as good as infinite.
  @longest 0xFFFF_FFFF

  @doc """
  Calls a function with the process that owns a client before its other arguments, on the node of that. `:none` when there is no such
  client, `:timeout` when it is on another node which does not answer within `timeout`.
  """
  @spec at(term(), {module(), atom(), [term()]}, timeout()) :: term() | :none | :timeout
  def at(client, {module, function, arguments} = call, timeout) do
    case owner(client) do
      {:here, owner} -> apply(module, function, [owner | arguments])
      {:there, node} -> far(node, client, call, timeout)
      :none -> :none
    end
  end

  defp far(node, client, call, timeout) do
    :erpc.call(node, __MODULE__, :at, [client, call, timeout], bounded(timeout))
  catch
    :error, {:erpc, :timeout} -> :timeout
    _, _ -> :none
  end

  defp bounded(timeout) when is_integer(timeout) and timeout in 0..@longest, do: timeout
  defp bounded(_longer), do: :infinity

  @doc "The process that owns a client: one of this node, one of another node, or none."
  @spec owner(term()) :: {:here, pid()} | {:there, node()} | :none
  def owner(client) when is_pid(client) and node(client) == node(), do: {:here, client}
  def owner(client) when is_pid(client), do: {:there, node(client)}

  def owner(client) when is_atom(client) and client not in [nil, true, false] do
    case Process.whereis(client) do
      pid when is_pid(pid) -> {:here, pid}
      _ -> :none
    end
  end

  def owner(client) do
    case GenServer.whereis(client) do
      pid when is_pid(pid) -> owner(pid)
      {name, node} when is_atom(name) and node == node() -> owner(name)
      {name, node} when is_atom(name) and is_atom(node) -> {:there, node}
      _ -> :none
    end
  catch
    # No name at all, or a registry that is not running. What a registry of the app's raises is its own.
    _, _ -> :none
  end

  @doc "Asks a process of this node; `:none` when it owns no client, `:no_answer` when it ends meanwhile, `:timeout` when it takes longer."
  @spec ask(pid(), term(), timeout()) :: term() | :none | :no_answer | :timeout
  def ask(owner, request, timeout) do
    if Native.hook(owner) == :none, do: :none, else: GenServer.call(owner, request, bounded(timeout))
  catch
    :exit, {:timeout, _} -> :timeout
    :exit, _ -> :no_answer
  end
end
